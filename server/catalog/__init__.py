"""What we make and how: products, bills of material, routings, work centers. One truth below ERP and CRM."""
