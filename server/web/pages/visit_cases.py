"""The cases of an order by a private link: each link opens those of its own order, at addresses of its own."""

from fastapi import APIRouter
from starlette.responses import Response

from server.http.paging import Number, Text
from server.web.case_pages import add_case, case_form, reply_by_link, show_case
from server.web.customer_pages import order_of, way_of
from server.web.entry import FormDep
from server.web.forms import Form
from server.web.page import PageDep
from server.web.visitor import OrderVisitor

router = APIRouter(include_in_schema=False)


@router.get("/track/of/{visited}/cases/new")
@router.get("/quote/of/{visited}/order/cases/new")
def ask(page: PageDep, visitor: OrderVisitor, unit: Text = None) -> Response:
    """The form for a problem with this order, or with the unit that the address names."""
    return case_form(page, visitor, Form({"unit": unit or ""}), way=way_of(visitor, order_of(page, visitor)))


@router.post("/track/of/{visited}/cases/new")
@router.post("/quote/of/{visited}/order/cases/new")
def add(page: PageDep, visitor: OrderVisitor, form: FormDep) -> Response:
    """Keep it; a mistake is shown beside its field."""
    order = order_of(page, visitor)
    return add_case(page, visitor, form, way=way_of(visitor, order), order=order)


@router.get("/track/of/{visited}/cases/{case}")
@router.get("/quote/of/{visited}/order/cases/{case}")
def show(page: PageDep, visitor: OrderVisitor, case: Number) -> Response:
    """One case about this order, with what was said."""
    return show_case(page, visitor, case, way=way_of(visitor, order_of(page, visitor)))


@router.post("/track/of/{visited}/cases/{case}/reply")
@router.post("/quote/of/{visited}/order/cases/{case}/reply")
def reply(page: PageDep, visitor: OrderVisitor, case: Number, form: FormDep) -> Response:
    """Say something."""
    return reply_by_link(page, visitor, case, way=way_of(visitor, order_of(page, visitor)), form=form)
