# 后台的商品与系列。

admin-nav-products = 商品

admin-goods-new = 新建商品
admin-goods-product = 商品
admin-goods-status = 状态
admin-goods-status-active = 在售
admin-goods-status-draft = 草稿
admin-goods-status-archived = 已下架
admin-goods-all = 全部
admin-goods-any = 不限
admin-goods-none = 没有符合条件的商品。
admin-goods-search = 搜索名称或货号
admin-goods-filter = 查看
admin-goods-pick = 选择
admin-goods-pick-one = 选择{ $title }
admin-goods-low = { $count } 个规格库存偏低
admin-goods-pages = 分页
admin-goods-first-page = 第一页
admin-goods-next-page = 下一页
admin-goods-see = 在店铺中查看

admin-goods-empty = 货架还是空的，您可以这样开始：
admin-goods-way-new = 新建商品
admin-goods-way-new-text = 填写名称、价格，上传图片，几分钟即可完成。
admin-goods-way-import = 导入表格
admin-goods-way-import-text = 支持本店、Shopify 和 WooCommerce 的 CSV 文件。导入前您可以先看到结果。
admin-goods-way-sample = 放入示例商品
admin-goods-way-sample-text = 24 件手绘示例商品，供您熟悉店铺，开店时下架即可。

admin-goods-bulk = 批量修改所选商品
admin-goods-bulk-text = 每件商品单独修改，并各自显示结果。
admin-goods-bulk-set-status = 设置状态
admin-goods-bulk-set-price = 修改价格
admin-goods-bulk-raise = 上调 %
admin-goods-bulk-lower = 下调 %
admin-goods-bulk-set = 设为（{ $currency }）
admin-goods-bulk-value = 数值
admin-goods-rounding = 取整方式
admin-goods-rounding-step = 精确到分
admin-goods-rounding-whole = 整数（35.00）
admin-goods-rounding-just-below = 尾数价（34.99）
admin-goods-changed = 修改结果
admin-goods-changed-sum = 已修改 { $done } 件商品{ $failed ->
    [0] 。
   *[other] ，{ $failed } 件未修改。
}
admin-goods-result = 结果
admin-goods-row-done = 已完成
admin-goods-row-not-done = 未完成
admin-goods-bulk-unchanged = 本来就是这样，无需修改。
admin-goods-bulk-gone = 该商品已不存在。
admin-goods-bulk-changed-since = 打开本页后，其他人修改过该商品。本次没有做任何更改，请重新查看。
admin-goods-bulk-wrong-value = 请输入数字，例如 10 或 32.50。
admin-goods-bulk-out-of-range = 修改后的价格低于零，或超出可收取的上限。

admin-goods-texts = 名称与描述
admin-goods-title-en = 名称（英文）
admin-goods-title-zh = 名称（中文）
admin-goods-description-en = 描述（英文）
admin-goods-description-zh = 描述（中文）
admin-goods-markdown = 描述支持 Markdown：**加粗**、列表、链接。
admin-goods-english = 英文
admin-goods-chinese = 中文

admin-goods-options = 选项
admin-goods-options-text = 各规格的区别，例如釉色或尺寸。多个值用逗号分隔，两种语言的顺序须一致。
admin-goods-option-number = 选项 { $number }
admin-goods-option-name = 选项名称
admin-goods-option-values-en = 选项值（英文）
admin-goods-option-values-zh = 选项值（中文）
admin-goods-option-add = 添加选项
admin-goods-option-remove = 删除此选项
admin-goods-generate = 生成所有组合

admin-goods-variants = 规格
admin-goods-variants-text = 停售的规格会保留订单与库存记录。库存请在库存页面收货和盘点。
admin-goods-variant-add = 添加规格
admin-goods-sku = 货号
admin-goods-price = 价格
admin-goods-compare-at = 原价
admin-goods-weight = 重量（克）
admin-goods-active = 出售
admin-goods-value = 选项值
admin-goods-remove = 删除

admin-goods-place = 展示
admin-goods-slug = 网址别名
admin-goods-slug-text = 商品网址的最后一段：小写字母、数字和连字符。修改后，旧网址会自动转到新网址。
admin-goods-old = 会转到这里的旧网址：{ $slugs }。
admin-goods-ships-from = 开始发货日期（预售，如 2027-01-15）
admin-goods-tax-class = 税类
admin-goods-collection = 商品系列
admin-goods-collections = 商品系列
admin-goods-save = 保存
admin-goods-save-mine = 用我的内容覆盖
admin-goods-unsaved = 尚未保存

admin-goods-conflict = 您填写期间，其他人修改过这里
admin-goods-conflict-text = 没有覆盖任何内容。下面列出两者的不同，您填写的内容仍在表单中。您可以继续修改后保存，也可以采用现有内容。
admin-goods-field = 字段
admin-goods-theirs = 现有内容
admin-goods-yours = 您填写的内容
admin-goods-take-theirs = 采用现有内容

admin-goods-cannot-save = 还不能保存：
admin-goods-wrong-slug = 网址别名须为 1 到 100 个小写字母、数字或连字符，且不能是后台保留的名称，如“new”、“bulk”、“sample”。
admin-goods-wrong-slug-taken = 该网址别名已被使用。
admin-goods-wrong-status = 请选择草稿、在售或已下架。
admin-goods-wrong-title = 请至少填写一种语言的名称。
admin-goods-wrong-text = 文字过长，或含有无法显示的字符。
admin-goods-wrong-day = 请输入日期，例如 2027-01-15，或留空。
admin-goods-wrong-tax-class = 没有这个税类。
admin-goods-wrong-option = 每个选项都需要不同的名称。
admin-goods-wrong-value = 请为每个选项选择一个值。
admin-goods-wrong-sku = 货号只能使用字母、数字和 - . _，不能有空格，也不能是“count”或“count.csv”。
admin-goods-wrong-sku-twice = 货号重复。
admin-goods-wrong-sku-twice-named = 货号 { $sku } 重复。
admin-goods-wrong-sku-taken = 货号 { $sku } 属于商品 { $slug }，本次未保存。
admin-goods-wrong-price = 请输入价格，例如 32.50。
admin-goods-wrong-weight = 请输入整数克重。
admin-goods-wrong-variants = 商品至少需要一个规格。
admin-goods-wrong-alt = 商品上架前，请用各种语言说明每张图片的内容。

admin-goods-pictures = 图片
admin-goods-pictures-later = 请先保存商品，然后即可添加图片。
admin-goods-picture-add = 添加图片
admin-goods-picture-file = 图片文件
admin-goods-picture-hint = JPEG、PNG、WebP 或 GIF，不超过 20 MB。
admin-goods-picture-of = 展示的规格
admin-goods-picture-of-all = 整件商品
admin-goods-alt-en = 图片说明（英文）
admin-goods-alt-zh = 图片说明（中文）
admin-goods-pictures-save = 保存图片
admin-goods-picture-none = 请先选择图片。
admin-goods-picture-too-many = 每件商品最多 50 张图片。
admin-goods-picture-too-large = 图片超过 20 MB。
admin-goods-picture-svg = 不支持 SVG，请上传 JPEG、PNG、WebP 或 GIF。
admin-goods-picture-not-one = 无法识别这张图片。
admin-goods-picture-pixels = 图片超过 5000 万像素。
admin-goods-picture-broken = 图片已损坏。
admin-goods-up = 上移
admin-goods-down = 下移

admin-goods-why = 为什么顾客买不到？
admin-goods-why-nothing = 可以正常购买
admin-goods-why-stops = 无法购买
admin-goods-why-draft = 商品是草稿，请将状态设为在售。
admin-goods-why-archived = 商品已下架。
admin-goods-why-no-variant = 没有规格。
admin-goods-why-no-active-variant = 所有规格都已停售。
admin-goods-why-sold-out = 没有库存。本店不会超卖。
admin-goods-why-all-held = 在库商品都被未付款订单占用（{ $held } 件）。
admin-goods-why-variant-sold-out = { $sku }：已售罄
admin-goods-why-variant-held = { $sku }：{ $held } 件全部被未付款订单占用
admin-goods-why-variant-short = { $sku }：已承诺的商品缺 { $short } 件
admin-goods-why-no-price = { $sku }：价格为零
admin-goods-why-too-cheap = { $sku }：单独购买时低于可收取的最低金额
admin-goods-why-ships-later = 预售商品，{ $day } 起发货
admin-goods-why-untitled = 缺少{ $language }名称
admin-goods-why-undescribed = 缺少{ $language }描述
admin-goods-why-no-picture = 没有图片
admin-goods-why-picture-unsaid = 第 { $number } 张图片缺少某种语言的说明

admin-goods-preview = 搜索结果预览
admin-goods-preview-none = 还没有描述。
admin-goods-away = 删除或下架
admin-goods-away-history = 该商品有过库存或订单，只能下架：不再展示，订单记录保留。
admin-goods-away-for-good = 该商品从未有过库存或订单，可以永久删除。
admin-goods-archive = 下架
admin-goods-delete = 删除

admin-goods-collection-new = 新建系列
admin-goods-collections-text = 店铺按此顺序展示。
admin-goods-collections-none = 还没有商品系列。系列用来归类商品，例如茶杯或礼品。
admin-goods-collection-away = 其中的商品会保留。
admin-goods-order = 顺序

admin-done-product-made = 商品已创建。您可以添加图片，并为它收货。
admin-done-product-saved = 已保存。
admin-done-product-moved = 已保存，旧网址会转到新网址。
admin-done-product-removed = 商品已删除。
admin-done-product-archived = 商品已下架。
admin-done-products-sampled = 示例商品已上架。
admin-done-nothing-picked = 请先选择至少一件商品。
admin-done-picture-added = 图片已添加。
admin-done-picture-removed = 图片已删除。
admin-done-pictures-saved = 图片已保存。
admin-done-collection-made = 系列已创建。
admin-done-collection-saved = 系列已保存。
admin-done-collection-removed = 系列已删除。
admin-done-collection-changed = 其他人刚刚修改过，未删除。
admin-done-collections-arranged = 顺序已保存。
