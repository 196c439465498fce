"""Half of the requests that schemathesis makes go to things that the shop has; the others to what nobody has ever heard of."""

import json
import os

import schemathesis

KNOWN = json.loads(os.environ["STOCKHOLD_KNOWN"])


def known(path, name, value):
    """What stands in this place of the path, or the value as it was drawn. The same value always meets the same answer."""
    choices = KNOWN.get(f"{path} {name}") or KNOWN.get(name) or []
    weight = sum(str(value).encode("utf-8", "surrogatepass"))
    return choices[weight // 2 % len(choices)] if choices and weight % 2 == 0 else value


@schemathesis.hook
def map_path_parameters(context, path_parameters):
    if not path_parameters:
        return path_parameters
    path = context.operation.path
    return {name: known(path, name, value) for name, value in path_parameters.items()}


@schemathesis.hook
def map_case(context, case):
    """What stands is overwritten now and then; a drawn tag would never be the right one."""
    headers = dict(case.headers or {})
    tag = headers.get("If-Match")
    if tag is not None and sum(str(tag).encode("utf-8", "surrogatepass")) % 2 == 0:
        headers["If-Match"] = "*"
        case.headers = headers
    return case
