"""What the sample shop sells for the kitchen and the table."""

from __future__ import annotations

from server.sample_shop import draw_kitchen as kitchen
from server.sample_shop.kind import Kind, words

_BRIGHT = ("red", "orange", "yellow", "green", "blue", "purple", "pink", "white", "black")
_CALM = ("white", "beige", "gray", "green", "blue", "brown", "black", "pink", "yellow")
_CERAMIC = words("stoneware 粗陶, porcelain 瓷, earthenware 陶")
_METAL = words("steel 不锈钢, cast iron 铸铁, aluminium 铝制")
_LOOK = words("modern 现代, rustic 乡村, minimalist 简约, classic 经典, nordic 北欧")

KITCHEN: tuple[Kind, ...] = (
    Kind(
        key="mug",
        drawing=kitchen.mug,
        english=("mug", "coffee cup"),
        chinese=("马克杯", "咖啡杯"),
        path="Kitchen/Drinkware/Mugs",
        price=13,
        colors=_BRIGHT,
        materials=_CERAMIC,
        styles=_LOOK,
        patterned=True,
        use=("Safe in dishwasher and microwave", "可用洗碗机和微波炉"),
    ),
    Kind(
        key="plate",
        drawing=kitchen.plate,
        english=("dinner plate", "plate"),
        chinese=("餐盘", "盘子"),
        path="Kitchen/Tableware/Plates",
        price=15,
        colors=_CALM,
        materials=_CERAMIC,
        styles=_LOOK,
        patterned=True,
        use=("Stacks flat", "叠放省空间"),
    ),
    Kind(
        key="bowl",
        drawing=kitchen.bowl,
        english=("bowl", "soup bowl"),
        chinese=("碗", "汤碗"),
        path="Kitchen/Tableware/Bowls",
        price=14,
        colors=_CALM,
        materials=_CERAMIC,
        styles=_LOOK,
        patterned=True,
        use=("For soup, rice or breakfast", "盛汤盛饭都合适"),
    ),
    Kind(
        key="pan",
        drawing=kitchen.frying_pan,
        english=("frying pan", "skillet"),
        chinese=("平底锅", "煎锅"),
        path="Kitchen/Cookware/Frying Pans",
        price=44,
        colors=("black", "red", "orange", "gray", "green"),
        materials=_METAL,
        styles=words("non-stick 不粘, induction 电磁炉, deep 加深"),
        use=("Heats evenly to the edge", "受热均匀"),
    ),
    Kind(
        key="pot",
        drawing=kitchen.cooking_pot,
        english=("cooking pot", "stew pot"),
        chinese=("汤锅", "炖锅"),
        path="Kitchen/Cookware/Pots",
        price=72,
        colors=("red", "orange", "blue", "green", "white", "black"),
        materials=_METAL,
        styles=words("large 大号, enamelled 珐琅, induction 电磁炉"),
        use=("Keeps a stew simmering for hours", "适合小火慢炖"),
    ),
    Kind(
        key="kettle",
        drawing=kitchen.kettle,
        english=("kettle", "tea kettle"),
        chinese=("水壶", "烧水壶"),
        path="Kitchen/Appliances/Kettles",
        price=38,
        colors=_BRIGHT,
        materials=_METAL[:1],
        styles=words("whistling 鸣笛, retro 复古, compact 小巧"),
        use=("Boils a litre in minutes", "几分钟烧开一升水"),
    ),
    Kind(
        key="wine-glass",
        drawing=kitchen.wine_glass,
        english=("wine glass", "goblet"),
        chinese=("红酒杯", "高脚杯"),
        path="Kitchen/Drinkware/Wine Glasses",
        price=21,
        colors=("red", "pink", "blue", "green", "yellow"),
        materials=words("crystal 水晶, glass 玻璃"),
        styles=words("tall 高款, tinted 彩色, classic 经典"),
        use=("Rings when you toast", "碰杯声清脆"),
    ),
)
