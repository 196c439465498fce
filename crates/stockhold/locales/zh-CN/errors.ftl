# 无法显示页面时：发生了什么，钱怎么样了，接下来可以做什么。

error-way-on = 查看全部商品
error-request-id = 如需咨询，请提供此编号：

error-400-title = 无法识别该请求
error-400-text = 页面提交的内容无法识别。未扣款，请返回重试。
error-403-title = 请求来自其他网站
error-403-text = 为了您的安全，我们只接受本站页面提交的请求。未作任何更改，也未扣款。
error-404-title = 页面不存在
error-404-text = 页面已移动、商品已下架，或链接不完整。
error-405-title = 此页面不支持该操作
error-405-text = 未作任何更改，也未扣款。请返回重试。
error-410-title = 这里的内容已经撤下
error-410-text = 该页面已永久移除。现有商品请到货架上看看。
error-413-title = 提交的内容过大
error-413-text = 提交的内容超出上限。未作任何更改，也未扣款。
error-422-title = 内容不完整
error-422-text = 提交的内容不完整。未作任何更改，也未扣款。请返回重试。
error-429-title = 操作过于频繁
error-429-text = 短时间内的请求太多，请稍候再试。未作任何更改，也未扣款。
error-500-title = 我们这边出了问题
error-500-text = 问题已记录。如果您正在付款：同一订单只会扣款一次，请以订单页面为准。
error-503-title = 商店暂时无法响应
error-503-text = 请稍后重试。购物车已保留，订单不会重复扣款。
