"""The products of the demo factory: what it buys, what it makes, in which colours and sizes, and how it is packed."""

from decimal import Decimal

from orderlight.autoid import check_digit
from server.catalog.design import EffectKind, RuleKind
from server.catalog.option_schemas import ChoiceBody, EffectBody, OptionBody, RuleBody
from server.catalog.packaging_schemas import PackagingIn
from server.catalog.schemas import BomLineBody, ProductIn, RoutingStepBody

#: GS1 keeps 9506000 for examples, so that no code here is anybody's product.
COMPANY_PREFIX = "9506000"


def gtin(item: int) -> str:
    """The GTIN-14 of one of our products under the demo company prefix."""
    digits = f"0{COMPANY_PREFIX}{item:05d}"
    return digits + check_digit(digits)


def _step(name: str, work_center: str, setup: int, run: int, transfer: int = 1) -> RoutingStepBody:
    return RoutingStepBody(
        name=name,
        work_center=work_center,
        setup_minutes=Decimal(setup),
        run_minutes=Decimal(run),
        transfer_quantity=transfer,
    )


def _part(component: str, quantity: str | int, scrap: int = 0) -> BomLineBody:
    return BomLineBody(component=component, quantity=Decimal(quantity), scrap_percent=Decimal(scrap))


def _bought(sku: str, name: str, cost: str, uom: str = "C62", item: int | None = None) -> ProductIn:
    """A material; one with an item number has a GTIN on its label."""
    code = None if item is None else gtin(item)
    return ProductIn(sku=sku, name=name, gtin=code, uom=uom, tracking="none", made=False, standard_cost=Decimal(cost))


def _choice(key: str, name: str, surcharge: str = "0", *effects: EffectBody) -> ChoiceBody:
    return ChoiceBody(key=key, name=name, surcharge=Decimal(surcharge), effects=list(effects))


def _takes(component: str, quantity: str = "1") -> EffectBody:
    return EffectBody(kind=EffectKind.ADD_PART, component=component, quantity=Decimal(quantity))


def _instead(component: str, by: str, quantity: str | None = None) -> EffectBody:
    amount = None if quantity is None else Decimal(quantity)
    return EffectBody(kind=EffectKind.REPLACE_PART, component=component, by=by, quantity=amount)


def _colours(*named: str, default: str | None, litres: str) -> OptionBody:
    """Colours by name; all but the first take enamel on top of the primer that every piece has."""
    surcharges = {"mint": "15", "signal red": "12", "night blue": "12", "traffic yellow": "20"}
    choices = [
        _choice(
            name.replace(" ", "-"),
            name.capitalize(),
            surcharges.get(name, "0"),
            *([_takes("ENAMEL", litres)] if place else []),
        )
        for place, name in enumerate(named)
    ]
    return OptionBody(key="colour", name="Colour", default=default, choices=choices)


_BOUGHT = (
    _bought("TUBE-34", "Steel tube 34 mm", "4.20", "MTR", item=30001),
    _bought("SHEET-2", "Steel sheet 2 mm", "18.50", "MTK", item=30002),
    _bought("BOLT-M8", "Bolt M8", "0.12", item=30003),
    _bought("CARTON-L", "Carton, large", "2.10", item=30004),
    _bought("ENAMEL", "Enamel, mixed to colour", "14.00", "LTR", item=30005),
    _bought("RIM-28", "Rim 28 inch", "11.40"),
    _bought("SPOKE-292", "Spoke 292 mm", "0.18"),
    _bought("HUB-FRONT", "Front hub", "8.90"),
    _bought("HUB-DYNAMO", "Front hub with dynamo", "31.50"),
    _bought("TYRE-28", "Tyre 28 inch", "13.80"),
    _bought("GEAR-3", "Three-speed hub gear", "46.00"),
    _bought("GEAR-8", "Eight-speed hub gear", "118.00"),
    _bought("LAMP-SET", "Head and tail lamp", "22.40"),
    _bought("BELT-DRIVE", "Belt drive", "64.00"),
    _bought("CHAIN-DRIVE", "Chain drive", "12.50"),
)

_FRAME = ProductIn(
    sku="FRAME-CITY",
    name="City bicycle frame",
    gtin=gtin(13435),
    standard_cost=Decimal("61.00"),
    list_price=Decimal("149.00"),
    lot_size=Decimal(20),
    packaging="Two to a carton, foam between.",
    bom=[_part("TUBE-34", 4, 5), _part("CARTON-L", 1)],
    routing=[
        _step("Cut", "cut", 10, 2),
        _step("Weld", "weld", 15, 8),
        _step("Paint", "paint", 20, 3, transfer=2),
        _step("Assemble", "assemble", 5, 6),
    ],
    options=[
        _colours("black", "signal red", "night blue", "mint", default="black", litres="0.3"),
        OptionBody(
            key="size",
            name="Size",
            default="56-cm",
            choices=[
                _choice("52-cm", "52 cm", "0", _instead("TUBE-34", "TUBE-34", "3.8")),
                _choice("56-cm", "56 cm"),
                _choice("60-cm", "60 cm", "6", _instead("TUBE-34", "TUBE-34", "4.3")),
            ],
        ),
    ],
)

_RACK = ProductIn(
    sku="RACK-REAR",
    name="Rear rack",
    gtin=gtin(20001),
    standard_cost=Decimal("9.80"),
    list_price=Decimal("29.00"),
    lot_size=Decimal(40),
    bom=[_part("TUBE-34", 1), _part("BOLT-M8", 4)],
    routing=[_step("Cut", "cut", 5, 1), _step("Weld", "weld", 10, 3), _step("Paint", "paint", 20, 1)],
    options=[_colours("black", "night blue", "mint", default="black", litres="0.1")],
)

_MOUNT = ProductIn(
    sku="MOUNT-WIND",
    name="Sensor mount for wind turbines",
    gtin=gtin(20002),
    standard_cost=Decimal("44.00"),
    list_price=Decimal("120.00"),
    lot_size=Decimal(12),
    packaging="One to a carton, desiccant inside.",
    bom=[_part("SHEET-2", 1, 8), _part("BOLT-M8", 12), _part("CARTON-L", 1)],
    routing=[
        _step("Cut", "cut", 15, 4),
        _step("Weld", "weld", 10, 12),
        _step("Paint", "paint", 20, 4),
        _step("Assemble", "assemble", 10, 5),
    ],
)

_STEP_RAIL = ProductIn(
    sku="STEP-RAIL",
    name="Boarding step for rail cars",
    gtin=gtin(20003),
    standard_cost=Decimal("88.00"),
    list_price=Decimal("240.00"),
    lot_size=Decimal(8),
    packaging="On a pallet, edges guarded.",
    bom=[_part("SHEET-2", 2, 8), _part("TUBE-34", 3), _part("BOLT-M8", 16)],
    routing=[
        _step("Cut", "cut", 20, 5),
        _step("Weld", "weld", 20, 15),
        _step("Assemble", "assemble", 10, 8),
    ],
    options=[_colours("primed", "traffic yellow", default="primed", litres="0.6")],
)

_WHEEL = ProductIn(
    sku="WHEEL-28",
    name="Wheel 28 inch",
    gtin=gtin(20004),
    lot_size=Decimal(40),
    bom=[_part("RIM-28", 1), _part("SPOKE-292", 36, 3), _part("TYRE-28", 1)],
    routing=[_step("Spoke and true", "assemble", 10, 12)],
)

#: Two levels below it: its frame and its wheels are made, too.
_BIKE = ProductIn(
    sku="BIKE-CITY",
    name="City bicycle",
    gtin=gtin(20005),
    list_price=Decimal("690.00"),
    lot_size=Decimal(10),
    packaging="One to a carton, front wheel beside the frame.",
    bom=[
        _part("FRAME-CITY", 1),
        _part("WHEEL-28", 2),
        _part("HUB-FRONT", 1),
        _part("GEAR-3", 1),
        _part("CHAIN-DRIVE", 1),
        _part("BOLT-M8", 24, 2),
        _part("CARTON-L", 1),
    ],
    routing=[_step("Assemble", "assemble", 15, 35), _step("Adjust", "assemble", 5, 12)],
    options=[
        OptionBody(
            key="colour",
            name="Colour",
            choices=[_choice("blue", "Blue", "12", _takes("ENAMEL", "0.3")), _choice("black", "Black")],
        ),
        OptionBody(
            key="size",
            name="Size",
            choices=[_choice("52-cm", "52 cm"), _choice("56-cm", "56 cm"), _choice("60-cm", "60 cm", "6")],
        ),
        OptionBody(
            key="gears",
            name="Gears",
            default="3-speed",
            choices=[
                _choice("3-speed", "Three speeds"),
                _choice("8-speed", "Eight speeds", "140", _instead("GEAR-3", "GEAR-8")),
            ],
        ),
        OptionBody(
            key="drive",
            name="Drive",
            default="chain",
            choices=[
                _choice("chain", "Chain"),
                _choice("belt", "Belt", "120", _instead("CHAIN-DRIVE", "BELT-DRIVE")),
            ],
        ),
        OptionBody(
            key="lights",
            name="Lights",
            required=False,
            choices=[
                _choice(
                    "dynamo",
                    "Dynamo lights",
                    "85",
                    _instead("HUB-FRONT", "HUB-DYNAMO"),
                    _takes("LAMP-SET"),
                    EffectBody(
                        kind=EffectKind.ADD_STEP,
                        step=15,
                        name="Fit lights",
                        work_center="assemble",
                        run_minutes=Decimal(8),
                        instructions="Pull the cable through the fork before the brake is set.",
                    ),
                )
            ],
        ),
    ],
    option_rules=[
        RuleBody(kind=RuleKind.REQUIRES, option="drive", choice="belt", other_option="gears", other_choice="8-speed"),
        RuleBody(kind=RuleKind.EXCLUDES, option="size", choice="52-cm", other_option="drive", other_choice="belt"),
    ],
)

#: In an order in which every component comes before what takes it.
PRODUCTS = (*_BOUGHT, _FRAME, _RACK, _MOUNT, _STEP_RAIL, _WHEEL, _BIKE)

#: Whose, and how; None for whoever has no specification of his own.
PACKAGING = (
    (None, PackagingIn(product="FRAME-CITY", box="Carton, large", per_box=2, inner_material="Foam between")),
    (None, PackagingIn(product="MOUNT-WIND", box="Carton, large", per_box=1, inner_material="Desiccant bag")),
    (
        "Aurora Bikes",
        PackagingIn(
            product="RACK-REAR",
            box="Carton, small",
            per_box=10,
            inner_material="Paper between the racks",
            label_text="Aurora part number on the short side",
            label_template="aurora-small",
        ),
    ),
    (
        "Aurora Bikes",
        PackagingIn(
            product="FRAME-CITY",
            box="Aurora carton 120",
            per_box=4,
            inner_material="Foam between",
            label_text="Aurora part number, batch and colour",
            label_template="aurora-large",
            notes="Frame number up. Fork end towards the handle hole.",
        ),
    ),
)
