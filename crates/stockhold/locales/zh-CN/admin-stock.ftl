# 后台的库存。

admin-nav-stock = 库存

admin-stock-which = 筛选
admin-stock-which-all = 全部
admin-stock-which-low = 偏低
admin-stock-which-out = 已售罄
admin-stock-which-held = 已占用
admin-stock-which-short = 短缺
admin-stock-search = 搜索货号或名称
admin-stock-none = 没有符合条件的库存。
admin-stock-empty = 还没有库存，请先新建商品。
admin-stock-not-offered = 未出售
admin-stock-on-hand = 在库
admin-stock-held = 已占用
admin-stock-available = 可售
admin-stock-short = 短缺
admin-stock-short-by = 短缺 { $count } 件
admin-stock-out = 已售罄
admin-stock-low = 偏低

admin-stock-why = { $count ->
    [0] 为什么没有可售库存？
   *[other] 为什么可售 { $count } 件？
}
admin-stock-why-text = 在库 { $on_hand } 件，其中 { $held } 件被未付款订单占用，可售 { $available } 件。
admin-stock-why-due = 占用中有 { $count } 件已到期，视为可售，由下一位买家获得。
admin-stock-why-short = 短缺 { $count } 件，补足之前没有可售库存。
admin-stock-short-text = 已占用或已售出的商品缺 { $count } 件，之后退回或到货的商品会优先补足。
admin-stock-short-noted = { $name } 于 { $at } 登记短缺 { $count } 件
admin-stock-holds = 当前占用
admin-stock-holds-none = 没有占用。
admin-stock-order-head = 订单
admin-stock-order = 订单 { $number }
admin-stock-units-head = 件数
admin-stock-units = { $count } 件
admin-stock-until = 保留至
admin-stock-held-until = 保留至 { $until }
admin-stock-paid-at = { $at } 付款
admin-stock-minutes-left = { $count ->
    [0] 不足 1 分钟
   *[other] 还剩 { $count } 分钟
}
admin-stock-hold-processing = 付款确认中
admin-stock-hold-due = 已到期
admin-stock-release = 释放
admin-stock-release-text = 释放前会先关闭买家的付款页面。如果买家已经付款，订单即为已付款，商品归买家所有。

admin-stock-movements = 库存变动
admin-stock-movements-none = 还没有变动。
admin-stock-when = 时间
admin-stock-change = 变动
admin-stock-cause = 原因
admin-stock-who = 操作人
admin-stock-newest = 最新
admin-stock-older = 更早
admin-stock-by-shop = 店铺
admin-stock-by-import = 导入
admin-stock-by-key = API 密钥 { $name }
admin-stock-reason-received = 收货
admin-stock-reason-counted = 盘点
admin-stock-reason-damaged = 损坏
admin-stock-reason-returned = 退货
admin-stock-reason-correction = 更正
admin-stock-reason-sold = 售出
admin-stock-reason-restocked = 退回货架
admin-stock-reason-shortfall = 核销短缺

admin-stock-receive = 收货
admin-stock-units-received = 收货件数
admin-stock-correct = 更正
admin-stock-delta = 增减
admin-stock-delta-hint = 2 表示增加两件，-2 表示减少两件。
admin-stock-wrong-count = 请输入不小于零的整数。
admin-stock-wrong-number = 请输入不为零的整数。
admin-stock-wrong-range = 超出可盘点的范围。
admin-stock-used = 该表单已用于另一次更改。请先查看当前库存，如仍需更改，请再次提交。

admin-stock-shortfall = 少于已承诺的数量
admin-stock-shortfall-changed = 您查看之后情况有变：短缺数量增加，或涉及其他订单。
admin-stock-shortfall-ask = { $held } 件已被订单占用，更正后只剩 { $found } 件，短缺 { $missing } 件。涉及以下订单：
admin-stock-shortfall-paid = 以下订单已付款，等待发货：
admin-stock-shortfall-text = 目前没有做任何更改。您可以先在下方释放占用。如果登记为短缺，订单保持不变，该商品不再出售，之后到货的商品会优先补足。
admin-stock-shortfall-note = 登记短缺
admin-stock-shortfall-not = 不更改
admin-stock-shortfall-confirm = 确实没有：登记短缺

admin-stock-sheet = 盘点表
admin-stock-sheet-text = 截至 { $at }。请清点货架上的商品，不含已为付款订单打包的包裹。盘点期间的销售会自动计入。
admin-stock-csv = 下载 CSV
admin-stock-on-shelf = 应有
admin-stock-held-of = 其中已占用
admin-stock-counted = 实盘
admin-stock-counted-of = { $sku } 的实盘数量
admin-stock-next-sheet = 下一张
admin-stock-sheet-send = 提交盘点
admin-stock-sheet-hint = 未填写的行保持不变。
admin-stock-counted-title = 盘点结果
admin-stock-counted-sum = { $counted ->
    [0] 没有填写任何数量。
   *[other] 已盘点 { $counted } 行
}{ $open ->
    [0] {""}
   *[other] ，{ $open } 行需要再看一下。
}
admin-stock-count-right = 数量正确，无需更改。
admin-stock-count-changed = 已增减 { $delta } 件。
admin-stock-count-short = 已增减 { $delta } 件，已承诺的商品短缺 { $short } 件。
admin-stock-count-below-held = 少于订单占用的数量，短缺 { $missing } 件，未更改。
admin-stock-count-since = 盘点表生成后，库存已被他人更改，未更改。
admin-stock-count-used = 该盘点表已按另一数量盘点过此货号，本次未更改。
admin-stock-count-unknown = 没有这个货号。
admin-stock-count-anew = 现在应有 { $on_shelf } 件。实盘：
admin-stock-count-again = 再次提交

admin-done-stock-changed = 库存已更改。
admin-done-stock-short = 已登记：已承诺的商品有短缺。
admin-done-hold-released = 已释放，商品回到货架。
admin-done-hold-paid = 买家已先付款，订单为已付款。
admin-done-hold-processing = 买家已完成支付操作，等待付款结果。
admin-done-hold-unknown = 暂时无法连接 Stripe，占用保持不变，我们会继续尝试。
