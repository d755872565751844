"""Changes after release: what waits for a decision or the floor, one request, a form to ask, and the requirements."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path
from sqlalchemy.orm import Session
from starlette.responses import Response

from server.auth.http import require
from server.auth.permissions import Permission
from server.auth.principal import Principal
from server.catalog.pictures import store_picture
from server.crm.access import visible_orders
from server.crm.requirements import standing_requirements
from server.db.topics import versions
from server.erp.changes import repository, rules, service
from server.erp.changes.closed import why_closed
from server.erp.changes.http import found_change, origin_of
from server.erp.changes.impact import ORDER, impact_of
from server.erp.changes.models import ChangeRequest
from server.erp.changes.schemas import ChangeIn
from server.erp.production.models import WorkOrder
from server.errors import Invalid, NotFound, Refused
from server.http.paging import Before, Number
from server.messages import N_
from server.tracking.states import ChangeState, Effectivity
from server.web.entry import Fault, FormDep, checked
from server.web.forms import Form
from server.web.once import attempt_once
from server.web.page import Page, PageDep
from server.web.uploads import SentDep, chosen_picture
from server.web.words import word

router = APIRouter(include_in_schema=False)

Reader = Annotated[Principal, Depends(require(Permission.FLOOR_READ))]
Writer = Annotated[Principal, Depends(require(Permission.CHANGES_WRITE))]
Decider = Annotated[Principal, Depends(require(Permission.CHANGES_APPROVE))]
Packer = Annotated[Principal, Depends(require(Permission.SHIPMENTS_WRITE))]
TaskId = Annotated[int, Path(ge=1, le=2**63 - 1)]

#: The oldest tasks that a page shows; what is done makes room for the next.
_TASKS = 25
FIELDS = (*rules.SPEC_FIELDS, *rules.PLAIN_FIELDS)
#: What is typed; a picture is chosen.
TYPED = tuple(field for field in FIELDS if field != "picture")


@router.get("/changes")
def show_changes(page: PageDep, _principal: Reader, before: Before = None) -> Response:
    """What waits for a decision, what waits for the floor, units to be packed anew, and the latest that are done.

    Further pages are of what waits for a decision.
    """
    with page.database.read() as session:
        version = versions(session, service.TOPIC)[service.TOPIC]
        waiting = repository.newest(
            session, repository.in_states(ChangeState.DRAFT, ChangeState.SUBMITTED), before=before
        )
        counting = repository.newest(session, repository.in_states(ChangeState.APPLIED))
        done = repository.newest(
            session, repository.in_states(ChangeState.ACKNOWLEDGED, ChangeState.REJECTED), limit=20
        )
        tasks = repository.open_tasks(session, limit=_TASKS)
    groups = ((N_("To be decided"), waiting), (N_("Waiting for the floor"), counting), (N_("Done"), done))
    next_href = f"/changes?before={waiting.items[-1].id}" if waiting.more else None
    return page.show(
        "changes/list.html",
        groups=groups if before is None else groups[:1],
        tasks=tasks,
        topic=service.TOPIC,
        version=version,
        next_href=next_href,
        is_first=before is None,
    )


@router.get("/changes/new")
def new_change(page: PageDep, principal: Writer, order: str = "") -> Response:
    """The form, filled with how the order's first open work order is packed now."""
    return _form(page, principal, order[:40], Form({"effectivity": Effectivity.REMAINING.value}))


@router.post("/changes/new")
def add_change(page: PageDep, principal: Writer, form: FormDep, sent: SentDep) -> Response:
    """Ask for the change and submit it at once."""
    try:
        picture = chosen_picture(form, sent)
        changes = {field: form.text(field) for field in TYPED if form.text(field) != form.text(f"was_{field}")}
        if picture is not None:
            changes["picture"] = picture.hash
        data: dict[str, Any] = {"work_order": form.text("work_order"), "effectivity": form.text("effectivity")}
        data["reason"] = form.get("reason")
        if not changes:
            raise Fault(form.with_faults({}, page.say(N_("Say what shall change: at least one field."))), 422)
        data["changes"] = {field: value or None for field, value in changes.items()}
        body = checked(page, form, model=ChangeIn, data=data)

        def work(session: Session) -> str:
            work_order = repository.work_order(session, body.work_order, visible=visible_orders(principal))
            if work_order is None:
                raise Invalid(page.say(N_("There is no such work order.")))
            about: dict[str, Any] = {"actor": principal.actor, "now": page.now}
            if picture is not None:
                store_picture(session, picture, **about)
            change = service.create_change(session, work_order, body, origin=origin_of(principal), **about)
            service.submit_change(session, change, **about)
            return change.number

        # Another picture is another wish, though the same words stand beside it.
        sent_form = Form({**form.values, **changes}, form.faults, form.fault)
        number = attempt_once(page, principal, sent_form, work)
    except Fault as fault:
        return _form(page, principal, form.text("order"), fault.form, status=fault.status)
    return page.go(f"/changes/{number}", page.say(N_("%(number)s waits for a decision."), number=number))


def _form(page: Page, principal: Principal, order: str, form: Form, *, status: int = 200) -> Response:
    with page.database.read() as session:
        found = repository.work_orders_of(session, order, visible=visible_orders(principal))
        open_work = [each for each in found if each.state in rules.OPEN_WORK]
        if not found:
            raise NotFound
        chosen = next((each for each in open_work if each.number == form.get("work_order")), (open_work or found)[0])
        context: dict[str, Any] = {
            "order": chosen.order,
            "work_orders": [(each.number, f"{each.number} {each.product.name}") for each in open_work or found],
            "now": _now(chosen),
            "closed": why_closed(session, open_work or found, FIELDS),
        }
    options = [(each.value, page.say(word("effectivity", each.value))) for each in Effectivity]
    return page.show("changes/new.html", status=status, form=form, fields=TYPED, effectivities=options, **context)


def _now(work_order: WorkOrder) -> dict[str, str]:
    return {field: rules.value_of(work_order.snapshot, field) or "" for field in FIELDS}


@router.get("/changes/{number}")
def show_change(page: PageDep, principal: Reader, number: Number) -> Response:
    """One request: what differs, what it meets, who must see it, and what may be done."""
    with page.database.read() as session:
        version = versions(session, service.TOPIC)[service.TOPIC]
        change = found_change(session, number, principal)
        impact = impact_of(session, change)
        tasks = repository.task_counts(session, [change.id]).get(change.id, {})
        anew = [each.number for each in repository.work_by_id(session, change.carried_to)]
    context: dict[str, Any] = {"change": change, "anew": anew, "impact": impact, "stages": ORDER, "tasks": tasks}
    return page.show("changes/one.html", topic=service.TOPIC, version=version, **context)


@router.post("/changes/{number}/approve")
def approve(page: PageDep, principal: Decider, number: Number) -> Response:
    """The floor is told from now on."""

    def act(session: Session, change: ChangeRequest) -> None:
        service.approve_change(session, change, actor=principal.actor, now=page.now)

    return _act(page, principal, number, act, N_("Approved. The stations must see it before they go on."))


@router.post("/changes/{number}/submit")
def submit(page: PageDep, principal: Writer, number: Number) -> Response:
    """Put a draft before whoever decides."""

    def act(session: Session, change: ChangeRequest) -> None:
        service.submit_change(session, change, actor=principal.actor, now=page.now)

    return _act(page, principal, number, act, N_("It waits for a decision."))


@router.post("/changes/{number}/reject")
def reject(page: PageDep, principal: Decider, number: Number, form: FormDep) -> Response:
    """Nothing changes, and the reason says why."""
    reason = _reason(form)
    if not reason:
        return page.go(f"/changes/{number}", page.say(N_("Say why in a few words.")), kind="stop")

    def act(session: Session, change: ChangeRequest) -> None:
        service.reject_change(session, change, reason=reason, actor=principal.actor, now=page.now)

    return _act(page, principal, number, act, N_("Rejected."))


@router.post("/changes/repack/{task_id}/finish")
def finish(page: PageDep, principal: Packer, task_id: TaskId, form: FormDep) -> Response:
    """Close a task without a scan."""
    reason = _reason(form)
    if not reason:
        return page.go("/changes", page.say(N_("Say why in a few words.")), kind="stop")

    def work(session: Session) -> None:
        task = repository.task(session, task_id, lock=True)
        if task is None:
            raise NotFound
        service.finish_repack(session, task, reason=reason, actor=principal.actor, now=page.now)

    try:
        page.database.write(work)
    except Refused as refusal:
        return page.go("/changes", refusal.detail, kind="stop")
    return page.go("/changes", page.say(N_("The task is closed.")))


def _reason(form: Form) -> str:
    return "".join(letter for letter in form.text("reason") if letter.isprintable())[:200]


def _act(
    page: Page, principal: Principal, number: str, act: Callable[[Session, ChangeRequest], None], done: str
) -> Response:
    try:
        page.database.write(lambda session: act(session, found_change(session, number, principal, lock=True)))
    except Refused as refusal:
        return page.go(f"/changes/{number}", refusal.detail, kind="stop")
    return page.go(f"/changes/{number}", page.say(done))


@router.get("/orders/{number}/requirements")
def requirements(page: PageDep, principal: Reader, number: Number) -> Response:
    """What the customer requires of an order against the stations that have seen it; the unmet first."""
    with page.database.read() as session:
        work = repository.work_orders_of(session, number, visible=visible_orders(principal))
        if not work:
            raise NotFound
        applied = repository.in_states(ChangeState.APPLIED, ChangeState.ACKNOWLEDGED)
        changes = repository.requirements(session, repository.of_order(number), applied)
        # What is asked for by an order's number belongs to that order.
        order = work[0].order
        assert order is not None
        standing = standing_requirements(session, order)
    ranked = sorted(changes, key=lambda change: change.state == ChangeState.ACKNOWLEDGED)
    packaging = [(each, {field: value for field, value in _now(each).items() if value}) for each in work]
    unmet = [change for change in changes if change.state == ChangeState.APPLIED]
    context: dict[str, Any] = {"number": number, "customer": order.customer.name, "unmet": unmet, "standing": standing}
    return page.show("changes/requirements.html", changes=ranked, packaging=packaging, **context)
