"""From chosen options to a bill of material, a routing, a price and a cost. Pure.

A choice that cannot be is refused in words that name what stands against it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import NoReturn, TypeVar

from server.catalog.costs import Cost, CostLine, standard_cost
from server.catalog.design import Choice, Design, Effect, EffectKind, Option, Part, RuleKind, Step
from server.errors import Invalid
from server.messages import translate as _

_K = TypeVar("_K", str, int)
_T = TypeVar("_T")


class NotConfigurable(Invalid):
    """422: these choices do not make a product; the detail says which, and why.

    `reason` is option_missing, unknown_option, unknown_choice or choice_conflict.
    """


@dataclass(frozen=True, slots=True)
class Configured:
    """A product with its choices made: what it takes, how it is made, what it sells for and what it costs."""

    #: Choice by option, with the defaults that were taken.
    choices: Mapping[str, str]
    #: For people: "Blue, 56 cm".
    summary: str
    bom: tuple[Part, ...]
    routing: tuple[Step, ...]
    surcharge: Decimal
    #: List price and surcharges; None where the product has no list price.
    price: Decimal | None
    #: None where costs were not asked for.
    cost: Cost | None


def configure(design: Design, choices: Mapping[str, str], *, quantity: Decimal | None = None) -> Configured:
    """The product with these choices (option -> choice, by key or name); raises NotConfigurable.

    `quantity` is how many are made together, over which set-up time is spread in the cost.
    """
    chosen = _resolve(design, choices)
    _check_rules(design, chosen)
    made = _Making(design)
    for option, choice in chosen:
        for effect in choice.effects:
            made.apply(effect, label(option, choice))
    surcharge = sum((choice.surcharge for _option, choice in chosen), Decimal(0))
    bom = tuple(made.bom.values())
    routing = tuple(sorted(made.routing.values(), key=lambda step: step.step))
    cost = None
    if design.currency is not None:
        cost = standard_cost(replace(design, bom=bom, routing=routing), quantity=quantity, extras=made.extras)
    return Configured(
        choices={option.key: choice.key for option, choice in chosen},
        summary=", ".join(choice.name for _option, choice in chosen),
        bom=bom,
        routing=routing,
        surcharge=surcharge,
        price=None if design.list_price is None else max(design.list_price + surcharge, Decimal(0)),
        cost=cost,
    )


def label(option: Option, choice: Choice) -> str:
    """A choice in words: Colour Blue."""
    return f"{option.name} {choice.name}"


def refuse(reason: str, message: str) -> NoReturn:
    raise NotConfigurable(message, reason=reason)


# --- which choices ---


def _resolve(design: Design, choices: Mapping[str, str]) -> list[tuple[Option, Choice]]:
    """The options in their order with what is chosen; defaults stand for what was not said."""
    given: dict[str, str] = {}
    for name, wanted in choices.items():
        option = _option(design, name)
        if option.key in given:
            message = _("{product}: {option} is chosen twice.").format(product=design.sku, option=option.name)
            refuse("choice_conflict", message)
        given[option.key] = wanted
    found = []
    for option in design.options:
        taken = given.get(option.key) or option.default
        if taken:
            found.append((option, _choice(design, option, taken)))
    missing = [option for option in design.options if option.required and not _is_in(option, found)]
    if missing:
        told = "; ".join(f"{option.name} ({', '.join(choice.name for choice in option.choices)})" for option in missing)
        refuse("option_missing", _("{product} is not fully chosen yet: {told}.").format(product=design.sku, told=told))
    return found


def _is_in(option: Option, found: list[tuple[Option, Choice]]) -> bool:
    return any(known is option for known, _choice in found)


def _option(design: Design, name: str) -> Option:
    wanted = name.strip().casefold()
    for option in design.options:
        if wanted in (option.key.casefold(), option.name.casefold()):
            return option
    known = ", ".join(option.name for option in design.options) or _("none")
    message = _("{product} has no option {option}. Its options: {known}.")
    refuse("unknown_option", message.format(product=design.sku, option=name, known=known))


def _choice(design: Design, option: Option, name: str) -> Choice:
    wanted = name.strip().casefold()
    for choice in option.choices:
        if wanted in (choice.key.casefold(), choice.name.casefold()):
            return choice
    known = ", ".join(choice.name for choice in option.choices)
    message = _("{product}: {option} has no choice {choice}. Choose one of {known}.")
    refuse("unknown_choice", message.format(product=design.sku, option=option.name, choice=name, known=known))


def _check_rules(design: Design, chosen: list[tuple[Option, Choice]]) -> None:
    taken = {(option.key, choice.key): label(option, choice) for option, choice in chosen}
    for rule in design.rules:
        if rule.first not in taken:
            continue
        if rule.kind is RuleKind.EXCLUDES and rule.second in taken:
            message = _("{product}: {first} cannot go with {second}. Change one of them.")
        elif rule.kind is RuleKind.REQUIRES and rule.second not in taken:
            message = _("{product}: {first} needs {second}. Choose that too, or take another instead of {first}.")
        else:
            continue
        second = taken.get(rule.second) or _named(design, rule.second)
        refuse("choice_conflict", message.format(product=design.sku, first=taken[rule.first], second=second))


def _named(design: Design, pair: tuple[str, str]) -> str:
    for option in design.options:
        for choice in option.choices:
            if (option.key, choice.key) == pair:
                return label(option, choice)
    return " ".join(pair)


# --- what choices do ---


class _Making:
    """A bill of material and a routing while choices are at work on them."""

    def __init__(self, design: Design) -> None:
        self.design = design
        self.bom: dict[str, Part] = {part.component: part for part in design.bom}
        self.routing: dict[int, Step] = {step.step: step for step in design.routing}
        self.extras: list[CostLine] = []
        #: Which choice has changed a part or a step already.
        self._changed_by: dict[str | int, str] = {}

    def apply(self, effect: Effect, who: str) -> None:
        """Do what the effect says for the choice `who`; raises NotConfigurable when another stands in its way."""
        if effect.kind is EffectKind.ALTER_COST:
            amount = effect.amount or Decimal(0)
            self.extras.append(CostLine("extra", who, who, Decimal(1), "C62", amount, amount))
        elif effect.kind is EffectKind.ADD_PART:
            self._add_part(effect.component or "", effect.quantity or Decimal(1), effect)
        elif effect.kind in (EffectKind.REPLACE_PART, EffectKind.REMOVE_PART):
            self._replace_part(effect, who)
        elif effect.kind is EffectKind.ADD_STEP:
            self._add_step(effect, who)
        else:
            self._alter_step(effect, who)

    def _add_part(self, sku: str, quantity: Decimal, effect: Effect) -> None:
        known = self.bom.get(sku)
        if known is not None:
            self.bom[sku] = known.more(quantity, effect.scrap_percent)
            return
        spare = self.design.spare_parts.get(sku)
        if spare is None:
            refuse("unknown_part", _("There is no product {component}. Create it first.").format(component=sku))
        self.bom[sku] = replace(spare, quantity=quantity, scrap_percent=effect.scrap_percent or Decimal(0))

    def _replace_part(self, effect: Effect, who: str) -> None:
        old = self._claimed(self.bom, effect.component or "", who)
        if effect.by:
            # What takes a part's place is lost as often as it was, unless the choice says otherwise.
            scrap = old.scrap_percent if effect.scrap_percent is None else effect.scrap_percent
            self._add_part(effect.by, effect.quantity or old.quantity, replace(effect, scrap_percent=scrap))
            self._changed_by.setdefault(effect.by, who)

    def _add_step(self, effect: Effect, who: str) -> None:
        number = effect.step or 0
        if number in self.routing:
            other = self._changed_by.get(number) or self.routing[number].name
            self._conflict(who, other, number)
        center = self.design.centers.get(effect.work_center or "")
        if center is None:
            message = _("There is no work center {work_center}. Create it first.")
            refuse("unknown_work_center", message.format(work_center=effect.work_center))
        self.routing[number] = Step(
            step=number,
            name=effect.name or center.name,
            work_center=center.key,
            work_center_id=center.id,
            setup_minutes=effect.setup_minutes or Decimal(0),
            run_minutes=effect.run_minutes or Decimal(0),
            transfer_quantity=effect.transfer_quantity or 1,
            instructions=effect.instructions,
            hourly_rate=center.hourly_rate,
        )
        self._changed_by[number] = who

    def _alter_step(self, effect: Effect, who: str) -> None:
        number = effect.step or 0
        old = self._claimed(self.routing, number, who)
        if effect.kind is EffectKind.SKIP_STEP:
            return
        given = {
            name: value
            for name in ("name", "setup_minutes", "run_minutes", "transfer_quantity", "instructions")
            if (value := getattr(effect, name)) is not None
        }
        center = self.design.centers.get(effect.work_center or old.work_center)
        if center is not None:
            given |= {"work_center": center.key, "work_center_id": center.id, "hourly_rate": center.hourly_rate}
        self.routing[number] = replace(old, **given)

    def _claimed(self, things: dict[_K, _T], key: _K, who: str) -> _T:
        """Take the part or step out for the choice that changes it; two choices cannot change the same."""
        if key in self._changed_by:
            self._conflict(who, self._changed_by[key], key)
        if key not in things:
            message = _("{product}: {who} changes {what}, which is not there. Correct the options of the product.")
            refuse("choice_conflict", message.format(product=self.design.sku, who=who, what=_what(key)))
        self._changed_by[key] = who
        return things.pop(key)

    def _conflict(self, who: str, other: str, key: str | int) -> NoReturn:
        message = _("{product}: {first} and {second} both change {what}. Change one of them.")
        refuse("choice_conflict", message.format(product=self.design.sku, first=other, second=who, what=_what(key)))


def _what(key: str | int) -> str:
    return key if isinstance(key, str) else _("step {step}").format(step=key)
