# 商家后台：登录与页面框架。

admin-nav = 后台
admin-nav-today = 今日
admin-nav-shop = 查看店铺
admin-sign-out = 退出登录

admin-role-owner = 店主
admin-role-manager = 店长
admin-role-fulfilment = 发货员
admin-role-read_only = 只读

admin-name = 姓名
admin-password = 密码
admin-password-hint = 至少 12 个字符，几个词连起来最好记。
admin-wrong-email = 邮箱地址格式不正确。
admin-wrong-name = 请填写姓名，最多 100 个字符。
admin-wrong-password-long = 最多使用 128 个字符。

admin-setup-title = 创建店主账号
admin-setup-text = 您将用此账号管理店铺。此链接仅可使用一次。
admin-setup-go = 创建账号
admin-setup-expired = 此链接已过期或已被新链接取代。请重新启动店铺，或运行“stockhold admin setup-link”：会显示新的链接，30 分钟内有效。
admin-setup-somebody = 店铺已有店主。请登录，或请店主邀请您。

admin-sign-in-title = 登录
admin-sign-in-go = 登录
admin-sign-in-refused = 邮箱或密码不正确。

admin-confirm-title = 请再次输入密码
admin-confirm-text = 接下来的操作需要确认是您本人。十分钟内只需确认一次。
admin-confirm-go = 继续
admin-confirm-refused = 密码不正确。

admin-denied-title = 权限不足
admin-denied-text = 您的角色是{ $role }。如需打开此页，请联系店主。
admin-missing-title = 这里没有内容
admin-missing-text = 它可能已被删除，或者网址不完整。
