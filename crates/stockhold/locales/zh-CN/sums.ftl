# 金额明细：购物车、结算页、订单页与邮件共用。
sum-subtotal = 商品小计
sum-discount = 优惠（{ $code }）
sum-shipping = 运费（{ $method }）
sum-shipping-free = 包邮
sum-tax = 税费（{ $percent }%）
sum-tax-included = 含税（{ $percent }%）

# 退款失败的原因：Stripe 的说法，以及店铺自己的。可接在句中，也可单独显示。
refund-failure-lost-or-stolen-card = 银行卡已挂失或被盗
refund-failure-expired-or-canceled-card = 银行卡已过期或已注销
refund-failure-disputed = 这笔付款正在争议中
refund-failure-insufficient-funds = Stripe 余额不足
refund-failure-declined = 银行拒绝入账
refund-failure-merchant-request = 店铺要求 Stripe 停止退款
refund-failure-unknown = 原因不明
refund-failure-another-refund = 款项已通过另一笔退款退回
