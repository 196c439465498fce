# The shop itself, and what its goods are told apart by.

shop-demo-name = Harbour Kiln

option-glaze = Glaze
option-wood = Wood
option-cloth = Cloth
option-metal = Metal
option-finish = Finish
option-size = Size
