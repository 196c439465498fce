# 写给买家的邮件。

letter-sandbox = 沙盒环境：本次付款仅为模拟，未产生任何扣款，也不会发货。
letter-order = 订单号
letter-button = 查看订单
letter-link-is-yours = 通过此链接无需密码即可查看订单，请勿转发给他人。
letter-subtotal = 商品小计
letter-discount = 优惠
letter-shipping = 运费
letter-tax = 税费
letter-total-paid = 已付款
letter-total-refunded = 退款

letter-confirmed-subject = 订单 { $number } 已确认 · { $shop }
letter-confirmed-heading = 感谢惠顾，订单已确认
letter-confirmed-paid = 我们已于 { $time } 收到您的付款 { $total }。
letter-confirmed-next = 接下来将为您打包。订单进度可随时在订单页查看。

letter-refund-subject = 订单 { $number } 正在全额退款 · { $shop }
letter-refund-heading = 很抱歉，商品已售罄
letter-refund-heading-cancelled = 款项正在退回
letter-refund-what = 您的付款到账时，商品的保留时间已过，且已被其他顾客买走，因此无法为您发货。
letter-refund-what-cancelled = 您的付款到账时，该订单已取消，我们不会收取任何款项。
letter-refund-money = 我们正在为您全额退款 { $total }。
letter-refund-when = 款项将原路退回，一般需要 5 至 10 天，您无需任何操作。
letter-refund-sorry = 未能将商品送到您手中，深表歉意。若您仍然喜欢，欢迎再来看看，补货后会重新上架。
