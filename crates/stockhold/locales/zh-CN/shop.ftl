# 店铺本身，以及商品的规格名称。

shop-demo-name = 海港窑

option-glaze = 釉色
option-wood = 木料
option-cloth = 布料
option-metal = 材质
option-finish = 质地
option-size = 尺寸
