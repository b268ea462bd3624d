"""The Graph tab: tab.py answers the browser, scope_model.py has the unfolded scopes, op_details.py the ops."""
