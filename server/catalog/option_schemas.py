"""Options of a product as programs send them and revisions keep them: groups of choices, their effects, their rules."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from server.catalog.design import Choice, Effect, EffectKind, Option, Rule, RuleKind
from server.errors import FieldError
from server.http.fields import Key, Minutes, Note, PositiveQuantity, ShortText, Strict
from server.messages import translate as _

#: A step is printed with three digits in the code of an operation.
MAX_STEP = 999

Sku = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._+-]{0,59}$")]
StepNumber = Annotated[int, Field(ge=1, le=MAX_STEP)]
ScrapPercent = Annotated[Decimal, Field(ge=0, le=100, max_digits=9, decimal_places=6, allow_inf_nan=False)]
TransferQuantity = Annotated[int, Field(ge=1, le=10_000)]
#: May be below zero: a choice may make a thing cheaper.
SignedAmount = Annotated[
    Decimal, Field(ge=-1_000_000_000, le=1_000_000_000, max_digits=16, decimal_places=4, allow_inf_nan=False)
]

#: The fields that each kind of effect needs.
_NEEDS = {
    EffectKind.ADD_PART: ("component",),
    EffectKind.REPLACE_PART: ("component", "by"),
    EffectKind.REMOVE_PART: ("component",),
    EffectKind.ADD_STEP: ("step", "name", "work_center"),
    EffectKind.SKIP_STEP: ("step",),
    EffectKind.ALTER_STEP: ("step",),
    EffectKind.ALTER_COST: ("amount",),
}


class EffectBody(Strict):
    """One thing that a choice changes; the kind says which fields count."""

    kind: EffectKind
    component: Sku | None = None
    by: Sku | None = None
    quantity: PositiveQuantity | None = None
    scrap_percent: ScrapPercent | None = None
    step: StepNumber | None = None
    name: ShortText | None = None
    work_center: Key | None = None
    setup_minutes: Minutes | None = None
    run_minutes: Minutes | None = None
    transfer_quantity: TransferQuantity | None = None
    instructions: Note | None = None
    amount: SignedAmount | None = None

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        lacking = [name for name in _NEEDS[self.kind] if getattr(self, name) is None]
        if lacking:
            message = _("Expected {fields} for the effect {kind}.")
            raise ValueError(message.format(fields=", ".join(lacking), kind=self.kind.value))
        return self

    def value(self) -> Effect:
        """The effect for the rules."""
        return Effect(**self.model_dump())

    def parts(self) -> Iterator[tuple[str, Decimal]]:
        """The component it may bring in, and how many."""
        if self.kind is EffectKind.ADD_PART and self.component:
            yield self.component, self.quantity or Decimal(1)
        if self.kind is EffectKind.REPLACE_PART and self.by:
            yield self.by, self.quantity or Decimal(1)


class ChoiceBody(Strict):
    """One thing that may be chosen."""

    key: Key
    name: ShortText
    surcharge: SignedAmount = Decimal(0)
    effects: Annotated[list[EffectBody], Field(max_length=40)] = []

    def value(self) -> Choice:
        """The choice for the rules."""
        return Choice(self.key, self.name, self.surcharge, tuple(effect.value() for effect in self.effects))


class OptionBody(Strict):
    """A group of choices, one of which is taken."""

    key: Key
    name: ShortText
    required: bool = True
    default: Key | None = None
    choices: Annotated[list[ChoiceBody], Field(min_length=1, max_length=60)]

    def value(self) -> Option:
        """The option for the rules."""
        return Option(self.key, self.name, tuple(one.value() for one in self.choices), self.required, self.default)


class RuleBody(Strict):
    """The first choice requires or excludes the second."""

    kind: RuleKind
    option: Key
    choice: Key
    other_option: Key
    other_choice: Key

    def value(self) -> Rule:
        """The rule for the rules."""
        return Rule(self.kind, (self.option, self.choice), (self.other_option, self.other_choice))


Options = Annotated[list[OptionBody], Field(max_length=20)]
OptionRules = Annotated[list[RuleBody], Field(max_length=100)]


def effects_of(options: Sequence[OptionBody]) -> Iterator[tuple[str, str, EffectBody]]:
    """Every effect with its place as a field, and its choice in words."""
    for row, option in enumerate(options):
        for column, choice in enumerate(option.choices):
            for place, effect in enumerate(choice.effects):
                yield f"options.{row}.choices.{column}.effects.{place}", f"{option.name} {choice.name}", effect


def option_errors(options: Sequence[OptionBody], rules: Sequence[RuleBody]) -> list[FieldError]:
    """What is wrong with the options in themselves: keys twice, a default or a rule that names nothing."""
    errors: list[FieldError] = []
    known: dict[str, set[str]] = {}
    for row, option in enumerate(options):
        if option.key in known:
            message = _("The option {option} is there twice.").format(option=option.key)
            errors.append(FieldError(f"options.{row}.key", message, "repeated"))
        keys = [choice.key for choice in option.choices]
        for column, key in enumerate(keys):
            if key in keys[:column]:
                message = _("{option} has the choice {choice} twice.").format(option=option.name, choice=key)
                errors.append(FieldError(f"options.{row}.choices.{column}.key", message, "repeated"))
        if option.default is not None and option.default not in keys:
            message = _("{option} has no choice {choice} to begin with.")
            told = message.format(option=option.name, choice=option.default)
            errors.append(FieldError(f"options.{row}.default", told, "unknown"))
        known[option.key] = set(keys)
    return errors + [found for row, rule in enumerate(rules) for found in _rule_errors(row, rule, known)]


def _rule_errors(row: int, rule: RuleBody, known: dict[str, set[str]]) -> Iterator[FieldError]:
    for field, option, choice in (("choice", rule.option, rule.choice), ("other_choice", *_other(rule))):
        if choice not in known.get(option, ()):
            message = _("There is no choice {choice} of an option {option}.").format(choice=choice, option=option)
            yield FieldError(f"option_rules.{row}.{field}", message, "unknown")
    if rule.option == rule.other_option:
        message = _("Both choices are of {option}, and only one of them can be taken anyway.")
        yield FieldError(f"option_rules.{row}.other_option", message.format(option=rule.option))


def _other(rule: RuleBody) -> tuple[str, str]:
    return rule.other_option, rule.other_choice
