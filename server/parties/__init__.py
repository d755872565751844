"""Who we are and whom we work for: the site, customers, contacts, addresses. Entered once, used by both sides."""
