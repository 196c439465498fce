# 后台：顾客及其个人资料。

admin-nav-customers = 顾客
admin-customers-search = 姓名或邮箱
admin-customers-search-go = 搜索
admin-customers-search-all = 全部顾客
admin-customers-customer = 顾客
admin-customers-orders = 订单
admin-customers-total = 合计
admin-customers-last = 最近下单
admin-customers-language = 语言
admin-customers-language-en = 英文
admin-customers-language-zh = 中文
admin-customers-pages = 分页
admin-customers-first = 第一页
admin-customers-next = 下一页
admin-customers-nobody = 没有找到与“{ $q }”相符的顾客。
admin-customers-empty = 还没有人下单。有了第一笔订单，顾客就会出现在这里。
admin-customers-erased = 已删除资料的顾客
admin-customers-erased-chip = 已删除
admin-customers-erased-text = 此人的个人资料已删除。订单号、日期、商品、金额、国家和税额会为账目保留。
admin-customers-number = 订单
admin-customers-order = 订单 { $number }
admin-customers-placed = 下单时间
admin-customers-payment = 付款
admin-customers-fulfilment = 发货
admin-customers-refunded = 已退款 { $amount }
admin-customers-who = 顾客
admin-customers-name = 姓名
admin-customers-paid = 实付（已扣除退款）
admin-customers-first-order = 首次下单
admin-customers-status-pending = 等待付款
admin-customers-status-processing = 付款处理中
admin-customers-status-paid = 已付款
admin-customers-status-expired = 已过期
admin-customers-status-cancelled = 已取消
admin-customers-status-refunded = 已退款
admin-customers-fulfilment-unfulfilled = 未发货
admin-customers-fulfilment-partly-shipped = 部分发货
admin-customers-fulfilment-shipped = 已发货
admin-customers-fulfilment-delivered = 已送达
admin-customers-data = 个人资料
admin-customers-data-text = 商店保存的此人的全部资料，可导出交给本人，也可删除。操作前需要再次输入密码。
admin-customers-export-json = 导出 JSON
admin-customers-export-csv = 导出 CSV
admin-customers-erase = 删除此人的资料…

admin-customers-erase-title = 删除个人资料
admin-customers-erase-open = 还有订单尚未完结，仍需保留此人的资料，暂时无法删除。
admin-customers-erase-meanwhile = 其中一笔订单刚刚发生了变化。未删除任何资料，请重试。
admin-customers-open-unpaid = 等待付款
admin-customers-open-unsent = 已付款，尚未全部发货
admin-customers-open-disputed = 银行争议处理中
admin-customers-open-refund-under-way = 退款处理中
admin-customers-open-money-owed = 尚欠买家款项
admin-customers-open-at-work = 正在处理，请一分钟后重试
admin-customers-erase-goes = 将删除的内容
admin-customers-erase-goes-orders = { $count } 笔订单中的邮箱、姓名、地址、原因、备注和运单号
admin-customers-erase-goes-wishes = { $count ->
    [0] 到货提醒：无
   *[other] { $count } 条到货提醒
}
admin-customers-erase-goes-letters = { $count ->
    [0] 邮件文件夹中保存的邮件：无
   *[other] 邮件文件夹中保存的 { $count } 封邮件
}
admin-customers-erase-goes-events = { $count ->
    [0] 提到此人的 Stripe 消息：无
   *[other] { $count } 条 Stripe 消息中关于此人的内容
}
admin-customers-erase-goes-rest = 购物车、订单查询记录、尚未发出的邮件
admin-customers-erase-stays = 将保留的内容
admin-customers-erase-stays-orders = 订单号、日期、商品、金额、退款、国家和税额：法律要求保留账目。
admin-customers-erase-stays-digest = 由邮箱和商店密钥算出的代码，无法还原为任何人：用于防止每人限用一次的优惠码被重复使用。
admin-customers-erase-elsewhere = 不在商店中的内容
admin-customers-erase-elsewhere-text = Stripe 有自己的记录：请在 Stripe 管理后台申请删除。已发出的邮件在收件人的邮箱里；备份中仍有备份当时的内容。
admin-customers-erase-go = 永久删除
admin-customers-erase-not = 保留
admin-customers-erase-final = 此操作无法撤销。商店的数据库会被重写，可能需要几秒钟。
admin-done-customer-erased = 个人资料已删除。
