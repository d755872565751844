"""The customers of the demo factory, with terms, people, places and what the floor obeys for them."""

from decimal import Decimal

from server.parties.people_schemas import AddressBody, ContactBody
from server.parties.schemas import CustomerIn
from server.parties.states import LabelTemplate

CUSTOMERS = (
    CustomerIn(
        name="Aurora Bikes",
        segment="bicycles",
        vat_number="SE556677889901",
        payment_terms_days=14,
        discount_days=7,
        discount_percent=Decimal(2),
        priority=3,
        packaging_rule="Foam between frames, nothing loose in the carton.",
        alerts="Show every scratch to the foreman before it leaves your hands.",
        special_instructions="Frame number up when packing.",
        contacts=[
            ContactBody(
                name="Purchasing",
                email="purchasing@aurora-bikes.example",
                role="Orders",
                phone="+46 90 200 10 10",
                preferred=True,
            ),
            ContactBody(
                name="Goods in", email="goods@aurora-bikes.example", role="Deliveries", phone="+46 90 200 10 20"
            ),
        ],
        addresses=[
            AddressBody(
                kind="delivery",
                lines="Norrland Quay 4",
                city="Umeå",
                postal_code="903 26",
                country="SE",
                is_default=True,
            ),
            AddressBody(kind="billing", lines="Box 44", city="Umeå", postal_code="901 02", country="SE"),
        ],
    ),
    CustomerIn(
        name="Nordwind Energie",
        language="de",
        segment="energy",
        vat_number="DE811223344",
        priority=5,
        packaging_rule="Desiccant in every carton; close it with two bands.",
        label_template=LabelTemplate.LARGE,
        contacts=[
            ContactBody(
                name="Einkauf",
                email="einkauf@nordwind-energie.example",
                role="Orders",
                phone="+49 4841 555 10",
                preferred=True,
            ),
            ContactBody(name="Technik", email="technik@nordwind-energie.example", role="Drawings"),
        ],
        addresses=[
            AddressBody(
                kind="delivery",
                lines="Deichstraße 12",
                city="Husum",
                postal_code="25813",
                country="DE",
                is_default=True,
            )
        ],
    ),
    CustomerIn(
        name="Kestrel Rail",
        segment="rail",
        vat_number="GB123456789",
        payment_terms_days=45,
        priority=2,
        packaging_rule="On a pallet, edges guarded, two labels on each box.",
        alerts="Safety part: no step without its test mark.\nTwo labels on each box, one on the short side.",
        special_instructions="Two labels on each box, one on the short side.",
        contacts=[
            ContactBody(
                name="Stores",
                email="stores@kestrel-rail.example",
                role="Deliveries",
                phone="+44 1332 555 010",
                preferred=True,
            )
        ],
        addresses=[
            AddressBody(
                kind="delivery",
                lines="Works Road 1",
                city="Derby",
                postal_code="DE24 8UP",
                country="GB",
                is_default=True,
            )
        ],
    ),
)
