# 店面用语。

page-skip = 跳到正文
page-sandbox = 沙盒环境：付款仅在本机模拟，不会产生任何真实扣款。
page-sandbox-short = 沙盒
page-sandbox-mail = 模拟信箱
page-nav-main = 主导航
page-nav-foot = 页脚
page-nav-products = 全部商品
page-nav-search = 搜索
page-nav-lookup = 查询订单
page-nav-cart = 购物车
page-nav-cart-full = 购物车（{ $count }）
page-other-language = English
page-other-language-tag = en
page-crumbs = 当前位置
page-close = 关闭
page-home = 首页
# 两段文字之间的标点。
page-colon = ：
page-comma = ，
page-list-comma = 、
page-brackets = （{ $text }）

home-sentence = 架上所见，皆为现货。
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

lookup-title = 查询订单
lookup-text = 请填写订单号和下单时使用的邮箱，我们会把订单链接发送到该邮箱。
lookup-answer = 如果订单存在，订单链接将发送到该邮箱。
lookup-number = 订单号
lookup-number-hint = 订单号可在我们发出的邮件中找到。
lookup-number-wrong = 请填写订单号，例如 1042。
lookup-go = 发送链接

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
product-fewer = 减少一件
product-more = 增加一件
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
cart-open = 查看购物车
cart-summary = 结算
cart-checkout = 去结算
cart-estimate = 运费估算
cart-estimate-show = 查看运费
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
checkout-where-optional = 以下内容可不填写。
checkout-name = 收货人
checkout-street = 详细地址
checkout-postal-code = 邮政编码
checkout-city = 城市
checkout-region = 省、州
checkout-region-hint = 填写代码，例如加利福尼亚州为 CA。
checkout-country = 国家或地区
checkout-country-choose = 请选择国家或地区
checkout-method = 配送方式
checkout-apply = 更新运费和总额
checkout-plus-shipping = 选择收货地区后计算运费和税费。
checkout-text-missing = 请填写此项，我们将按此地址寄送。

shipping-wrong-country = 请选择收货的国家或地区。
shipping-wrong-region = 请填写省、州的代码，例如加利福尼亚州为 CA。
shipping-wrong-method = 请选择配送方式。
shipping-wrong-gone = 该地区不支持此配送方式，请重新选择。
shipping-wrong-not-there = 暂不支持配送至{ $country }。
shipping-wrong-nothing-carries = 商品过重，无法以一个包裹寄送至{ $country }，请减少数量。
shipping-days = { $min ->
    [0] 当日送达
   *[other] { $min } 天送达
}
shipping-days-range = { $min } 至 { $max } 天送达
checkout-pay = 付款 { $total }
checkout-hold = 您在下一页付款期间，商品为您保留 { $minutes } 分钟。
checkout-terms = 提交订单即表示您同意：
checkout-privacy = 我们如何使用您的信息：
checkout-to-cart = 返回购物车
checkout-check-fields = 请检查填写的内容
checkout-field-wrong = { $field }：{ $text }
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
checkout-coupon = 优惠码（选填）
checkout-coupon-apply = 使用优惠码
checkout-free = 继续确认订单
checkout-total-changed = 应付总额有变化
checkout-total-changed-text = 未扣款。请核对新的应付总额，再次点击付款。
coupon-wrong-too-many = 连续输入了多个无效的优惠码。请等 { $minutes } 分钟后再试，或将此栏留空直接结账：购物车里的商品不会丢失。
coupon-wrong-unknown = 此优惠码不可用。请检查拼写，或清空此栏后继续。
coupon-wrong-not-yet = 此优惠码自 { $at } 起生效。清空此栏可直接继续。
coupon-wrong-expired = 此优惠码已于 { $at } 结束。清空此栏可直接继续。
coupon-wrong-used-up = 此优惠码已用完。清空此栏可直接继续。
coupon-wrong-used-up-by-you = 您已使用过此优惠码。清空此栏可直接继续。
coupon-wrong-first-order = 此优惠码仅限首单。清空此栏可直接继续。
coupon-wrong-goods = 此优惠码不适用于购物车中的商品。清空此栏可直接继续。
coupon-wrong-minimum = 再买 { $missing } 即可使用此优惠码。清空此栏可直接继续。
order-confirm = 确认订单
order-heading-free = 请确认订单
order-text-free = 无需付款。商品已为您保留，确认后即完成订单。
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
order-shipping = 运费
order-tax = 税费
order-total = 订单总额
order-pay = 付款 { $total }
order-refresh = 立即刷新
order-rebuild = 重新加入购物车
order-hold-longer = 延长保留
order-hold-others-wait = 这些商品已是最后库存，其他顾客可能也需要，因此只能保留到上述时间。
order-hold-over = 保留时间已到，或订单有变化，无法延长保留。未扣款。
order-hold-minutes = { $count ->
   *[other] 剩余 { $count } 分钟可付款。
}
order-held = 商品已为您保留
order-held-until = 保留至
order-held-processing = 等待付款结果期间，不会售给他人。
order-steps = 订单进度

order-chip-pending = 待付款
order-chip-processing = 付款确认中
order-chip-checking = 付款核对中
order-chip-closing = 取消中
order-chip-stopping = 取消中
order-chip-paid = 已付款
order-chip-partly-shipped = 部分发货
order-chip-shipped = 已发货
order-chip-rest-cancelled = 已发货
order-chip-expired = 已失效
order-chip-never-opened = 未成交
order-chip-failed = 付款未成功
order-chip-cancelled = 已取消
order-chip-over = 已结束
order-chip-refunding = 退款处理中
order-chip-refunded = 已退款
order-chip-refund-failed = 退款未成功
order-chip-partly-refunded = 部分退款

order-heading-pending = 等待付款
order-heading-processing = 付款确认中
order-heading-checking = 正在核对您的付款
order-heading-closing = 订单 { $number } 正在取消
order-heading-stopping = 您已申请取消订单 { $number }
order-heading-paid = 谢谢您，订单 { $number } 已确认
order-heading-partly-shipped = 订单 { $number } 已部分发货
order-heading-shipped = 订单 { $number } 已发货
order-heading-rest-cancelled = 订单 { $number } 已部分发货，其余已取消
order-heading-expired = 保留时间已到，商品已重新上架
order-heading-never-opened = 此订单无法付款
order-heading-failed = 付款未成功
order-heading-cancelled = 订单 { $number } 已取消
order-heading-over = 订单 { $number } 已结束
order-heading-over-cancelled = 订单 { $number } 已取消
order-heading-over-late = 很抱歉，商品已售罄
order-heading-refunding = 正在为您退款
order-heading-refunded = 已全额退款
order-heading-refund-failed = 退款未成功
order-heading-partly-refunded = 已部分退款

order-text-pending = 尚未扣款。如果您刚刚完成付款，确认结果很快就会到。
order-text-processing = 多数付款方式几秒内完成，少数需要几天。您可以关闭此页面，付款确认后我们会发邮件到 { $email }。
order-text-checking = 我们收到了 { $captured }，与订单金额不符，正在人工核对。在此期间商品继续为您保留，请勿重复付款。
order-text-closing = 您已申请取消，我们正在关闭付款页面。目前尚未扣款；若仍有付款到账，将全额退还给您。
order-text-stopping = 您的付款仍在途中，无法中止。若款项到账，将全额退还给您；若付款失败，则不会扣款。您无需任何操作。
order-text-paid = 款项已收到，确认邮件已发送到 { $email }。
order-text-partly-shipped = 其余商品将随后发出，已发出的包裹见下方。
order-text-shipped = 商品已全部发出，物流信息见下方。
order-text-rest-cancelled = 已发出的商品正在途中，未发出的已取消，退款情况见退款记录。
order-text-expired = 未扣款。只要还有库存，您可以将这些商品重新加入购物车。
order-text-never-opened = 支付服务未能打开付款页面。未扣款，商品已重新上架，您可以将这些商品重新加入购物车。
order-text-failed = 未扣款，商品已重新上架。只要还有库存，您可以将这些商品重新加入购物车。
order-text-cancelled = 未扣款。
order-text-over = 此订单不再发货。
order-text-over-cancelled = 商品不再发出。
order-text-over-late = 您的付款到账时，商品的保留时间已过，且已被其他顾客买走。未能为您发货，深表歉意。
order-text-refunding = { $going } 正在原路退回，一般需要 5 至 10 天，您无需任何操作。
order-text-refunded = { $back } 已原路退回，到账可能需要 5 至 10 天。
order-text-refunded-elsewhere = 已退还 { $back }，其中 { $elsewhere } 以其他方式退还。
order-text-refund-failed = 我们已发起退款，但其中 { $left } 未能退回。这笔款项仍在我们这里，店铺正在处理，您无需任何操作。
order-text-partly-refunded = 已付的 { $captured } 中，{ $back } 已原路退回，到账可能需要 5 至 10 天。
order-text-partly-refunded-elsewhere = 已退还 { $captured } 中的 { $back }，其中 { $elsewhere } 以其他方式退还。
order-text-owed = 有一笔退款未能退回。款项仍在我们这里，店铺正在处理。

order-step-placed = 已下单
order-step-awaiting = 等待付款
order-step-confirming = 等待付款结果
order-step-paid = 已收到付款
order-step-expired = 保留已失效
order-step-never-opened = 付款页面未打开
order-step-held-longer = 已延长保留时间
order-step-cancel-asked = 已申请取消
order-step-stopping = 等待付款结果
order-step-cancelled = 已取消
order-step-shipped = 包裹已发出
order-step-refund-requested = 已申请退款 { $amount }
order-step-refunded = 已退款 { $amount }
order-step-paid-elsewhere = 已用其他方式退还 { $amount }
order-step-refund-failed = 退款 { $amount } 未成功
order-step-refunding = 等待银行处理
order-step-owed = 店铺正在处理退款
order-step-ship-rest = 其余商品备货与发货
order-step-ship = 备货与发货

order-line-shipped = 已发出 { $count } 件
order-line-cancelled = 已取消 { $count } 件
order-parcels = 包裹
order-parcel-sent = 发出时间
order-parcel-carrier = 承运商
order-parcel-tracking = 运单号
order-parcel-goods = 商品
order-refunds = 退款
order-refund-for = 退款内容
order-refund-for-surplus = 重复付款，我们只收一次
order-refund-for-late = 逾期到账的付款
order-refund-for-payment = 您的付款
order-refund-requested = 已申请，正在提交银行
order-refund-pending = 处理中，银行已受理
order-refund-succeeded = 已退回，到账可能需要 5 至 10 天
order-refund-elsewhere = 已用其他方式退还
order-refund-failed = 未成功
order-refund-canceled = 未成功
order-cancel = 取消订单

order-address-name = 收货人
order-address-street = 详细地址
order-address-postal_code = 邮政编码
order-address-city = 城市
order-address-region = 省、州
order-address-country = 国家或地区

cancel-title = 取消订单 { $number }？
cancel-what = 取消之后
cancel-goods = 以下商品不再发出：
cancel-goods-rest = 已发出的商品不受影响，以下商品不再发出：
cancel-money-nothing = 未扣款，此订单也不能再付款。
cancel-money-on-its-way = 您的付款仍在途中，无法中止。若款项到账，将全额退还；若付款失败，则不会扣款。
cancel-money-back = { $amount } 将原路退还给您，一般需要 5 至 10 天。
cancel-money-back-already = 没有其他款项需要退还：此前已经退回。
cancel-reason = 取消原因（选填）
cancel-reason-hint = 您的意见有助于我们改进。
cancel-reason-long = 请控制在 { $most } 个字以内。
cancel-do = 确认取消
cancel-keep = 保留订单
cancel-changed = 打开此页面后订单有变化，尚未取消。请再看一遍。
cancel-to-order = 返回订单
cancel-refused-shipped-title = 订单已发出
cancel-refused-shipped-text = 已发出的商品无法取消，订单未作任何更改。若不想保留，请回复我们的订单邮件：收到退回的商品后，我们会为您退款。
cancel-refused-dispute-title = 您的银行正在核查这笔付款
cancel-refused-dispute-text = 为避免重复退款，在银行作出决定之前无法取消订单。订单未作任何更改，请留意银行通知，进展以订单页为准。

success-elsewhere = 请用邮件中的链接，或在下单时使用的浏览器中查看订单详情。

mailbox-title = 模拟信箱
mailbox-text = 真实店铺会寄出的邮件。此处的邮件只保存在本机，最新的排在最前。
mailbox-to = 收件人 { $to }
mailbox-empty = 还没有邮件，先买点什么吧。
