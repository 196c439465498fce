# 商品列表、商品页与搜索的用语。

page-menu = 菜单
page-locale = zh_CN

listing-filter = 筛选
listing-availability = 库存
listing-in-stock = 有货
listing-price = 价格
listing-price-from = 最低价（{ $currency }）
listing-price-to = 最高价（{ $currency }）
listing-price-least = { $price } 以上
listing-price-most = { $price } 以下
listing-apply = 确定
listing-sort = 排序：
listing-sort-given = 店主推荐
listing-sort-price-up = 价格从低到高
listing-sort-price-down = 价格从高到低
listing-sort-newest = 最新上架
listing-chosen = 已选条件
listing-without = 取消
listing-without-all = 清除筛选
listing-nothing-left = 没有同时符合这些条件的商品。
listing-pages = 分页
listing-page = 第 { $number } 页
listing-previous = 上一页

search-suggestions = 搜索建议
search-for = “{ $query }”的搜索结果
search-meant = 您要找的是不是
search-collections = 商品系列

product-option-is = { $name }：
product-not-made = 无此搭配
product-combination = 没有这种搭配，现为您显示“{ $title }”。
product-show-choice = 查看所选规格
product-left-in = { $title }仅剩 { $count } 件
product-held = 已为您保留 { $count } 件
product-weight = 重量
product-related = 同系列商品
product-preorder = 预售
product-preorder-add = 立即预订
product-ships-from = { $day }起发货
product-gone = 已下架
product-gone-text = 这件商品已不再销售，您可以看看同系列的其他商品。
product-wish = 到货提醒
product-wish-text = 补货后我们只发一封邮件通知您，随后即删除您的邮箱地址。
product-wish-which = 选择规格
product-wish-do = 提醒我
product-wish-done = “{ $title }”到货后，我们会发一封邮件通知您。

# 到货提醒邮件。
letter-back-subject = { $title }到货了 · { $shop }
letter-back-heading = 您关注的商品到货了
letter-back-text = 您曾请我们在“{ $title }”到货时通知您。现已补货；商品不预留，付款时才为您保留，先到先得。
letter-back-button = 去看看
letter-back-once = 关于这件商品我们只发这一封邮件，您的邮箱地址现已删除。
letter-back-sandbox = 沙盒：这家店铺为模拟环境，不会扣款，也不会发货。
