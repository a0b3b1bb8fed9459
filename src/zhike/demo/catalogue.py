"""What the demo company sells: goods for the home and services around them."""

from dataclasses import dataclass

from zhike.demo.words import rows


@dataclass(frozen=True)
class Product:
    """price: yuan."""

    code: str
    name: str
    category: str
    price: float


# By price, so that a wanted amount finds its products by binary search.
PRODUCTS = tuple(
    sorted(
        (Product(code, name, category, float(price)) for code, name, category, price in rows("products")),
        key=lambda product: (product.price, product.code),
    )
)
CORPORATE = "企业福利"
