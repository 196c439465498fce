# 金额明细：购物车、结算页、订单页与邮件共用。
sum-subtotal = 商品小计
sum-discount = 优惠（{ $code }）
sum-shipping = 运费（{ $method }）
sum-shipping-free = 包邮
sum-tax = 税费（{ $percent }%）
sum-tax-included = 含税（{ $percent }%）
