"""The Graph tab: tab.py answers the browser, scope_model.py holds unfolded scopes, op_details.py has ops."""
