# 写给买家的邮件。

letter-sandbox = 沙盒环境：本次付款仅为模拟，未产生任何扣款，也不会发货。
letter-order = 订单号
letter-button = 查看订单
letter-button-owner = 查看订单
letter-link-is-yours = 通过此链接无需密码即可查看订单，请勿转发给他人。
letter-total-paid = 已付款
letter-total-refunded = 退款
letter-total = 订单金额
letter-address = 收货信息
letter-carrier = 承运商
letter-tracking = 运单号

letter-confirmed-subject = 订单 { $number } 已确认 · { $shop }
letter-confirmed-heading = 感谢惠顾，订单已确认
letter-confirmed-paid = 我们已于 { $time } 收到您的付款 { $total }。
letter-confirmed-free = 本单无需付款。
letter-confirmed-next = 接下来将为您打包。订单进度可随时在订单页查看。

letter-payment-processing-subject = 订单 { $number } 付款确认中 · { $shop }
letter-payment-processing-heading = 付款确认中
letter-payment-processing-text = 订单已提交，商品已为您保留。我们还在等待银行确认 { $total } 的付款结果，多数在几分钟内完成，少数需要几天。
letter-payment-processing-wait = 您无需任何操作，结果一到我们就发邮件给您。

letter-payment-failed-subject = 订单 { $number } 付款未成功 · { $shop }
letter-payment-failed-heading = 付款未成功
letter-payment-failed-text = 银行未通过 { $total } 的付款，未扣款，商品已重新上架。
letter-payment-failed-again = 只要还有库存，您可以在订单页将这些商品重新加入购物车。

letter-order-link-subject = 您的订单 { $number } · { $shop }
letter-order-link-heading = 您的订单在这里
letter-order-link-text = 有人（应该是您本人）请求了此订单的链接，其他内容未作任何更改。如果不是您本人，无需任何操作：链接只发送给了您。

letter-order-shipped-subject = 订单 { $number } 已发货 · { $shop }
letter-order-shipped-subject-part = 订单 { $number } 已部分发货 · { $shop }
letter-order-shipped-heading = 您的包裹已发出
letter-order-shipped-heading-part = 您的订单已部分发货
letter-order-shipped-text = 本包裹内有以下商品。
letter-order-shipped-rest = 其余商品将随后发出。

letter-refund-subject = 订单 { $number } 正在全额退款 · { $shop }
letter-refund-subject-owed = 订单 { $number }：关于您的付款 · { $shop }
letter-refund-heading = 很抱歉，商品已售罄
letter-refund-heading-cancelled = 款项正在退回
letter-refund-heading-owed = 付款到账前，订单已取消
letter-refund-what = 您的付款到账时，商品的保留时间已过，且已被其他顾客买走，因此无法为您发货。
letter-refund-heading-code = 很抱歉，未能为您保留订单
letter-refund-what-code = 您的付款到账时，商品和优惠码的保留时间已过，商品或优惠码的最后一次使用机会已归其他顾客，因此无法为您发货。
letter-refund-what-cancelled = 您的付款到账时，该订单已取消，我们不会收取任何款项。
letter-refund-money = 我们正在为您全额退款 { $amount }。
letter-refund-owed = 我们已尝试退还 { $amount }，但未能成功。这笔款项仍在我们这里，我们正在处理，您无需任何操作。
letter-refund-when = 款项将原路退回，一般需要 5 至 10 天，您无需任何操作。
letter-refund-sorry = 未能将商品送到您手中，深表歉意。若您仍然喜欢，欢迎再来看看，补货后会重新上架。

letter-total-concerned = 涉及金额

letter-order-cancelled-subject = 订单 { $number } 已取消 · { $shop }
letter-order-cancelled-heading = 您的订单已取消
letter-order-cancelled-heading-rest = 订单的其余部分已取消
letter-order-cancelled-text = 尚未发出的商品不再发货。
letter-order-cancelled-money = 我们正在为您退款 { $amount }，款项将原路退回，一般需要 5 至 10 天，您无需任何操作。
letter-order-cancelled-owed = 我们已尝试退还 { $amount }，但未能成功。这笔款项仍在我们这里，我们正在处理，您无需任何操作。
letter-order-cancelled-nothing = 未产生任何扣款。

letter-refund-sent-subject = 订单 { $number } 已退款 · { $shop }
letter-refund-sent-heading = 退款已发出
letter-refund-sent-part = 我们已退还该订单的部分款项 { $amount }。
letter-refund-sent-whole = 我们已退还 { $amount }，至此该订单的全部款项均已退回。
letter-refund-sent-text = 款项将原路退回，到账可能需要 5 至 10 天。

# 写给店主的邮件。
letter-owner-new-order-subject = 新订单 { $number } · { $shop }
letter-owner-new-order-heading = 有一个新订单
letter-owner-new-order-text = { $email } 已于 { $time } 付款 { $total }。商品已售出，请安排备货与发货。
letter-owner-new-order-free = { $email } 已确认此订单，无需付款。商品已售出，请安排备货与发货。

letter-owner-late-payment-subject = 订单 { $number } 付款过晚，正在退款 · { $shop }
letter-owner-late-payment-subject-owed = 订单 { $number } 付款过晚，退款失败 · { $shop }
letter-owner-late-payment-heading = 付款过晚
letter-owner-late-payment-text = 订单 { $number } 在结束之后才收到付款：商品或优惠码已无法重新占用，或订单已取消。{ $amount } 正在自动退回，买家已收到通知，您无需任何操作。

letter-owner-late-payment-owed = 订单 { $number } 在结束之后才收到付款：商品或优惠码已无法重新占用，或订单已取消。{ $amount } 的退款未能成功，仍需退还买家，原因见另一封邮件。

letter-owner-payment-differs-subject = 请核对订单 { $number } 的付款 · { $shop }
letter-owner-payment-differs-heading = 付款金额与订单不符
letter-owner-payment-differs-text = Stripe 为订单 { $number } 收取了 { $amount }，而订单金额为 { $total }。商品继续保留，在您决定之前不会发货：请退款、取消订单，或联系买家。

letter-owner-refund-failed-subject = 订单 { $number } 的退款失败 · { $shop }
letter-owner-refund-failed-heading = 退款未能到达买家
letter-owner-refund-failed-text = 订单 { $number } 的 { $amount } 仍需退还买家。
letter-owner-refund-failed-why = Stripe 的说明：{ $why }。
letter-owner-refund-failed-do = 请再次退款，或以其他方式退还。

letter-owner-dispute-subject = 订单 { $number } 的付款被提出争议 · { $shop }
letter-owner-dispute-subject-warning = 订单 { $number } 的付款可能涉及欺诈 · { $shop }
letter-owner-dispute-heading-warning = 收到欺诈预警
letter-owner-dispute-heading-over = 有一笔付款曾被提出争议
letter-owner-dispute-heading = 有一笔付款被提出争议
letter-owner-dispute-text = 买家的银行对订单 { $number } 的 { $amount } 提出争议（{ $why }）。请在 Stripe 后台处理。
letter-owner-dispute-warning = 发卡机构预警：订单 { $number } 的 { $amount } 可能涉及欺诈（{ $why }）。目前没有款项变动。此时退款通常可以避免争议及其费用，发货前请先核对订单。
letter-owner-dispute-inquiry = 买家的银行正在查询订单 { $number } 的 { $amount }（{ $why }）。目前没有款项变动。请在 Stripe 后台答复，或全额退款以了结。
letter-owner-dispute-over = 买家的银行曾对订单 { $number } 的 { $amount } 提出争议（{ $why }），现已结束，结果见 Stripe 后台。
letter-owner-dispute-due = 举证截止时间：{ $due }。争议期间该订单暂停退款，以免同一款项退还两次。

letter-owner-refund-unassigned-subject = 订单 { $number } 已在 Stripe 后台退款 · { $shop }
letter-owner-refund-unassigned-heading = 这笔退款对应哪些商品？
letter-owner-refund-unassigned-text = 订单 { $number } 的 { $amount } 已在 Stripe 后台退款。款项已入账；请注明对应的商品，以便库存准确。

letter-endpoint-subject = 一个 Webhook 地址已停用 · { $shop }
letter-endpoint-heading = 您的一个程序不再收到通知
letter-endpoint-gone = 下面的地址表示已永久失效（410），因此不再向它发送通知。
letter-endpoint-failing = 五天来没有任何通知送达下面的地址，因此不再向它发送通知。
letter-endpoint-do = 恢复正常后，请在 Webhook 页面重新启用，并重发它错过的通知。订单、付款和库存不受影响。
