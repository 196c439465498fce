# 后台的门：登录、两步验证、邮件、我的账号、员工、操作日志。

admin-nav-staff = 员工
admin-nav-audit-log = 操作日志

admin-wrong-password-short-by = 请至少使用 { $count } 个字符。
admin-wrong-password-easy = 此密码容易被猜到：它很常见，或由了解店铺的人会尝试的词组成。请用几个互不相关的词。

admin-sign-in-too-many = 尝试次数过多，请在 { $minutes } 分钟后再试。
admin-sign-in-code-first = 此账号近期有多次密码错误，可能是您，也可能是他人。请同时输入身份验证器的验证码，或让我们把设置新密码的链接发给您。
admin-sign-in-forgot = 忘记密码？
admin-sign-in-expired = 由于一段时间没有操作，您已退出登录。请登录后继续。

admin-code = 验证码
admin-code-title = 输入验证码
admin-code-text = 密码正确。请打开身份验证器，输入本店铺的验证码。
admin-code-hint = 六位数字，或一个恢复码。
admin-code-refused = 验证码不正确或已使用过，请等待下一个验证码。
admin-code-lost = 手机丢失？
admin-code-lost-text = 请使用您保存的恢复码。如果恢复码也丢失了，请店主移除您的身份验证器。店主可在运行店铺的机器上执行“stockhold admin reset-password”，并加上“--remove-authenticator”。

admin-reset-title = 设置新密码
admin-reset-text = 请填写您的邮箱，我们会发送链接给您。
admin-reset-go = 发送链接
admin-reset-answer = 如果有员工使用此邮箱，链接将发送到该邮箱。链接仅可使用一次，15 分钟内有效。
admin-reset-back = 返回登录

admin-link-title-invite = 欢迎加入
admin-link-title-reset = 设置新密码
admin-link-title-over = 此链接已失效
admin-link-text-invite = { $name }，请设置密码，即可开始管理{ $shop }。
admin-link-text-reset = { $name }，请设置新密码。其他设备上的登录将全部退出。
admin-link-go = 保存密码
admin-link-over = 链接已使用、已过期，或已发送了新的链接。请重新发送；如为邀请，请联系店主。


admin-account-title = 我的账号
admin-account-password = 密码
admin-account-password-go = 修改密码
admin-password-current = 当前密码
admin-password-new = 新密码
admin-done-password = 密码已修改，其他设备上的登录已全部退出。

admin-authenticator-title = 身份验证器
admin-authenticator-on = 已启用
admin-authenticator-off = 启用身份验证器后，仅凭密码无法登录：登录时还需要手机上的验证码。
admin-authenticator-set-up = 设置身份验证器
admin-authenticator-replace = 更换身份验证器
admin-authenticator-remove = 移除
admin-authenticator-required = 本店铺收取真实款项，店主登录需要身份验证器。设置后即可使用其他功能。
admin-authenticator-scan = 请用手机上的身份验证器扫描此图，例如 Aegis、Google Authenticator、Microsoft Authenticator 或您的密码管理器，然后输入显示的验证码。
admin-authenticator-picture = 供身份验证器扫描的二维码
admin-authenticator-by-hand = 如果无法扫描，请手动输入此密钥：
admin-authenticator-go = 启用
admin-done-authenticator-removed = 身份验证器已移除，其他设备上的登录已全部退出。

admin-recovery-title = 您的恢复码
admin-recovery-text = 请把恢复码保存在手机以外的地方：写在纸上，或存入密码管理器。每个恢复码可代替验证码登录一次。恢复码不会再次显示。
admin-recovery-kept = 我已保存
admin-recovery-left = { $count ->
    [0] 恢复码已用完。
   *[other] 剩余 { $count } 个恢复码。
}
admin-recovery-new = 生成新的恢复码

admin-sessions-title = 已登录的设备
admin-sessions-browser = 浏览器
admin-sessions-unknown = 未知浏览器
admin-sessions-started = 登录时间
admin-sessions-seen = 最近使用
admin-sessions-this = 当前
admin-sessions-end = 退出该设备
admin-sessions-end-others = 退出其他所有设备
admin-done-session-ended = 该设备已退出登录。
admin-done-sessions-ended = 其他设备上的登录已全部退出。

admin-staff-title = 员工
admin-staff-people = 员工列表
admin-staff-you = （您）
admin-staff-role = 角色
admin-staff-role-of = { $name } 的角色
admin-staff-role-change = 更改
admin-staff-role-wrong = 请选择角色。
admin-staff-state = 状态
admin-staff-actions = 操作
admin-staff-is-active = 正常
admin-staff-is-invited = 已邀请
admin-staff-is-disabled = 已停用
admin-staff-last-seen = 最近登录：{ $time }
admin-staff-has-authenticator = 已启用身份验证器
admin-staff-no-authenticator = 未启用身份验证器
admin-staff-authenticator-remove = 移除身份验证器
admin-staff-disable = 停用
admin-staff-enable = 启用
admin-staff-invite = 邀请员工
admin-staff-invite-text = 对方会收到一封含链接的邮件，链接仅可使用一次，7 天内有效，密码由对方自行设置。
admin-staff-invite-go = 发送邀请
admin-staff-invite-again = 重新发送邀请
admin-staff-address-taken = 此邮箱已被使用。
admin-staff-last-owner = 店铺至少需要一位可登录的店主。请先将其他人设为店主。
admin-role-owner-text = 全部权限，包括员工和 API 密钥。
admin-role-manager-text = 除员工和 API 密钥外的全部权限。
admin-role-fulfilment-text = 发货与盘点。不能退款，看不到营业额。
admin-role-read_only-text = 可查看店长能看到的内容，但不能修改。
admin-done-staff-invited = 邀请已发出。
admin-done-staff-role = 角色已更改，对方需要重新登录。
admin-done-staff-disabled = 账号已停用，并已在所有设备上退出登录。
admin-done-staff-enabled = 账号已重新启用。
admin-done-staff-authenticator-removed = 身份验证器已移除，对方现在只需密码即可登录。

admin-audit-title = 操作日志
admin-audit-who = 操作人
admin-audit-anybody = 所有人
admin-audit-nobody = 未知
admin-audit-key = API 密钥 { $name }
admin-audit-action = 操作
admin-audit-anything = 所有操作
admin-audit-day = 日期
admin-audit-day-wrong = 请按 2026-11-26 的格式填写日期。
admin-audit-at = 时间
admin-audit-outcome = 结果
admin-audit-outcome-done = 完成
admin-audit-outcome-refused = 未通过
admin-audit-outcome-denied = 无权限
admin-audit-place = 来源
admin-audit-filter = 查看
admin-audit-all = 查看全部
admin-audit-csv = 导出 CSV
admin-audit-pages = 操作日志分页
admin-audit-latest = 最新
admin-audit-earlier = 更早
admin-audit-empty = 没有符合条件的记录。
admin-audit-about = 日志只增不改。“来源”仅用于区分不同地点，不显示具体位置。

admin-action-staff-set-up = 创建首位店主
admin-action-session-sign-in = 登录
admin-action-session-code = 登录：两步验证
admin-action-session-confirm = 再次输入密码
admin-action-session-sign-out = 退出登录
admin-action-session-end = 结束一处登录
admin-action-session-end-others = 结束其他登录
admin-action-page-open = 无权限访问页面
admin-action-audit-export = 导出操作日志
admin-action-reset-ask = 申请设置新密码的链接
admin-action-link-use = 通过链接设置密码
admin-action-account-password = 修改自己的密码
admin-action-account-authenticator = 设置身份验证器
admin-action-account-remove-authenticator = 移除自己的身份验证器
admin-action-account-recovery-codes = 生成新的恢复码
admin-action-staff-invite = 邀请员工
admin-action-staff-invite-again = 重新发送邀请
admin-action-staff-role = 更改角色
admin-action-staff-disable = 停用账号
admin-action-staff-enable = 启用账号
admin-action-staff-remove-authenticator = 移除员工的身份验证器

admin-resume-title = 继续刚才的操作
admin-resume-text = 提交前需要确认您的身份。您填写的内容已保留，尚未提交。
admin-resume-field = 字段
admin-resume-value = 您填写的内容
admin-resume-go = 立即提交
admin-resume-drop = 放弃
admin-resume-over = 您填写的内容已不再保留，或已提交。

letter-staff-sandbox = 本店铺的付款均为模拟，并未售出任何商品。
letter-staff-invite-subject = 邀请您加入{ $shop }
letter-staff-invite-heading = 欢迎加入{ $shop }
letter-staff-invite-text = { $name }，{ $shop }的店主邀请您一起管理店铺。请打开链接并设置密码。链接仅可使用一次，7 天内有效。
letter-staff-invite-button = 设置密码
letter-staff-invite-last = 如果您不认识这家店铺，无需任何操作。
letter-staff-reset-subject = { $shop }：设置新密码
letter-staff-reset-heading = 请设置新密码
letter-staff-reset-text = { $name }，有人（很可能是您）申请为{ $shop }设置新密码。链接仅可使用一次，15 分钟内有效。
letter-staff-reset-button = 设置新密码
letter-staff-reset-last = 如果不是您本人申请，无需任何操作：没有任何更改，链接也只发给了您。
