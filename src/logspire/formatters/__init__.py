"""What a record becomes before it is sent: text, or JSON. Any handler can use these formatters.

They leave the record as it was, down to the attributes that ``logging.Formatter`` sets on it in
passing: the next handler prints what it would have printed anyway.
"""
