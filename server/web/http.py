"""All pages as one router."""

from fastapi import APIRouter

from server.web.pages import (
    admin_audit,
    admin_devices,
    admin_gateways,
    admin_inbox,
    admin_keys,
    admin_overview,
    admin_site,
    admin_tags,
    admin_users,
    credit,
    customer,
    floor,
    invoices,
    orders,
    payments,
    prints,
    search,
    setup_customers,
    setup_home,
    setup_import,
    setup_orders,
    setup_products,
    setup_read_points,
    setup_stations,
    setup_work_centers,
    sign_in,
)

PAGES = (
    sign_in.router,
    orders.router,
    invoices.router,
    payments.router,
    credit.router,
    search.router,
    prints.router,
    floor.router,
    customer.router,
    setup_home.router,
    setup_customers.router,
    setup_import.router,
    setup_orders.router,
    setup_products.router,
    setup_read_points.router,
    setup_stations.router,
    setup_work_centers.router,
    admin_overview.router,
    admin_audit.router,
    admin_devices.router,
    admin_gateways.router,
    admin_inbox.router,
    admin_keys.router,
    admin_site.router,
    admin_tags.router,
    admin_users.router,
)

router = APIRouter()
for page in PAGES:
    router.include_router(page)
