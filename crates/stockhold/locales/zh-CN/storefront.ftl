# 店面用语。

page-skip = 跳到正文
page-sandbox = 沙盒环境：付款仅在本机模拟，不会产生任何真实扣款。
page-sandbox-short = 沙盒
page-sandbox-mail = 模拟信箱
page-nav-main = 主导航
page-nav-foot = 页脚
page-nav-products = 全部商品
page-nav-search = 搜索
page-nav-cart = 购物车
page-nav-cart-full = 购物车（{ $count }）
page-other-language = English
page-other-language-tag = en
page-crumbs = 当前位置
page-home = 首页

home-sentence = { $shop }，架上所见，皆为现货。
home-look = 查看详情
home-see-all = 查看全部
home-goods = 全部商品
home-empty = 本店正在筹备中，敬请稍后再来。

listing-all = 全部商品
listing-count = 共 { $count } 件商品
listing-empty = 这里暂时还没有商品。
listing-next = 下一页
listing-from = { $price } 起
listing-options = { $count } 种规格

search-title-for = 搜索：{ $query }
search-label = 您想找什么？
search-go = 搜索
search-count = { $count ->
    [0] 没有找到与“{ $query }”相关的商品。
   *[other] 与“{ $query }”相关的商品共 { $count } 件。
}
search-nothing = 请换个关键词，或浏览

product-picture = { $title }，{ $variant }
product-reduced-from = 现价，原价
product-option = 规格
option-colour = 颜色
option-color = 颜色
option-capacity = 容量
product-sold-out = 已售罄
product-sold-out-text = 商品已售出或正为他人保留，未付款的商品会重新上架。
product-sold-out-chosen = { $title }已售罄，其他规格仍有现货。
product-left = 仅剩 { $count } 件
product-in-stock = 有现货
product-quantity = 数量
product-add = 加入购物车
product-hold = 为您保留
product-hold-text = 点击付款后保留 { $minutes } 分钟
product-item-number = 货号
product-not-for-sale = 该规格已下架，请选择其他规格。

quantity-wrong = 请输入 1 至 999 之间的整数。

cart-empty = 购物车还是空的。
cart-go-on = 继续选购
cart-quantity-of = { $title }的数量
cart-update = 更新
cart-remove = 移除
cart-summary = 结算
cart-checkout = 去结算
cart-hold-text = 点击付款后，商品为您保留 { $minutes } 分钟。
cart-held = 已为您保留
cart-held-text = 尚未扣款。
cart-held-order = 前往订单 { $number }
cart-changed = 请核对购物车
cart-changed-text = 您选购之后库存有变化。未扣款。
cart-line-gone = 该商品已售罄。
cart-line-less = 仅剩 { $count } 件。
cart-line-not-sold = 该商品已下架。
cart-fix-remove = 移除
cart-fix-take = 改为 { $count } 件
cart-full = 购物车最多可放 { $most } 种商品，请先移除一种。
cart-busy = 购物车刚刚在另一个窗口中有改动，请重试。

checkout-title = 结算
checkout-who = 联系方式
checkout-where = 收货信息
checkout-email = 电子邮箱
checkout-email-hint = 订单链接将发送到此邮箱。
checkout-name = 收货人（选填）
checkout-street = 详细地址（选填）
checkout-postal-code = 邮政编码（选填）
checkout-city = 城市（选填）
checkout-country = 国家或地区（选填）
checkout-pay = 付款 { $total }
checkout-hold = 您在下一页付款期间，商品为您保留 { $minutes } 分钟。
checkout-to-cart = 返回购物车
checkout-check-fields = 请检查填写的内容
checkout-email-wrong = 请填写有效的邮箱地址，例如 name@example.com。
checkout-text-wrong = 请控制在 { $most } 个字符以内，且不要换行。
checkout-cart-changed = 购物车有变化
checkout-cart-changed-text = 此页面打开之后，购物车或价格有变化。未扣款，请再次核对。
checkout-out-of-stock = 部分商品库存不足
checkout-out-of-stock-text = 未扣款，也未占用库存。购物车保持不变。
checkout-short-line = { $title }：您需要 { $wanted } 件，{ $available ->
    [0] 已售罄。
   *[other] 仅剩 { $available } 件。
}
checkout-not-for-sale = { $sku } 已下架，请移除后继续。
checkout-too-many-lines = 每个订单最多 { $most } 种商品。
checkout-quantity = { $sku } 的数量须为 1 至 { $most }。
checkout-too-large = 订单金额超过单次付款上限，请分开下单。
checkout-too-small = 订单金额至少为 { $least }。
checkout-hold-cap = 同时最多有 { $most } 个待付款订单，请先付款或等待其失效。
checkout-refused = 暂时无法下单
checkout-refused-text = 未扣款。
checkout-provider = 支付服务暂时没有响应
checkout-provider-text = 未扣款，购物车保持不变。请稍后重试。

order-number-title = 订单 { $number }
order-number-label = 订单号
order-placed-at = 下单时间
order-details = 订单明细
order-details-caption = 商品与金额
order-item = 商品
order-quantity = 数量
order-amount = 金额
order-subtotal = 商品小计
order-discount = 优惠
order-shipping = 运费
order-tax = 税费
order-total = 订单总额
order-pay = 付款 { $total }
order-refresh = 立即刷新
order-rebuild = 重新加入购物车
order-held = 商品已为您保留
order-held-until = 保留至
order-held-processing = 等待付款结果期间，不会售给他人。
order-steps = 订单进度

order-chip-pending = 待付款
order-chip-processing = 付款确认中
order-chip-paid = 已付款
order-chip-expired = 已失效
order-chip-cancelled = 已取消
order-chip-refunding = 退款处理中
order-chip-refunded = 已退款

order-heading-pending = 等待付款
order-heading-processing = 付款确认中
order-heading-paid = 谢谢您，订单 { $number } 已确认
order-heading-expired = 保留时间已到，商品已重新上架
order-heading-cancelled = 订单 { $number } 已取消
order-heading-refunding = 正在为您退款
order-heading-refunded = 已全额退款

order-text-pending = 尚未扣款。如果您刚刚完成付款，确认结果很快就会到。
order-text-processing = 多数付款方式几秒内完成，少数需要几天。您可以关闭此页面，付款确认后我们会发邮件到 { $email }。
order-text-paid = 款项已收到，确认邮件已发送到 { $email }。
order-text-expired = 未扣款。只要还有库存，您可以将这些商品重新加入购物车。
order-text-cancelled = 未扣款。
order-text-refunding = 正在退还 { $amount }。很抱歉，这个订单未能为您保留。
order-text-refunded = { $amount } 已原路退回，到账可能需要 5 至 10 天。

order-step-placed = 已下单
order-step-awaiting = 等待付款
order-step-confirming = 等待付款结果
order-step-paid = 已收到付款
order-step-expired = 保留已失效
order-step-cancelled = 已取消
order-step-refunding = 已申请退款
order-step-refunded = 已退款
order-step-ship = 备货与发货

order-address-name = 收货人
order-address-street = 详细地址
order-address-postal_code = 邮政编码
order-address-city = 城市
order-address-country = 国家或地区

success-elsewhere = 请用邮件中的链接，或在下单时使用的浏览器中查看订单详情。

mailbox-title = 模拟信箱
mailbox-text = 真实店铺会寄出的邮件。此处的邮件只保存在本机，最新的排在最前。
mailbox-to = 收件人 { $to }
mailbox-empty = 还没有邮件，先买点什么吧。
