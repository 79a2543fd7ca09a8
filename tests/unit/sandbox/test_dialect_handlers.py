"""What may be a handler in the dialect: decorated, partial, a method, an instance."""

import textwrap

import pytest

from sandbox.host import Sandbox
from tests.sandbox.harness import a_job

HANDLERS = {
    "a decorator with wraps": """
        import functools
        def catch(f):
            @functools.wraps(f)
            def inner(*args, **kwargs):
                return f(*args, **kwargs)
            return inner
        @catch
        @catch
        def handler(event, context):
            return [event["id"], context.tenant]
        """,
    "a decorator without wraps": """
        def catch(f):
            def inner(*args, **kwargs):
                return f(*args, **kwargs)
            return inner
        @catch
        def handler(event, context):
            return [event["id"], context.tenant]
        """,
    "a decorator with arguments and another function in reach": """
        import functools
        def retry(times, on_error=lambda e: None):
            def decorate(f):
                @functools.wraps(f)
                def inner(*args):
                    try:
                        return f(*args)
                    except KeyError as error:
                        return on_error(error)
                return inner
            return decorate
        @retry(3)
        def handler(event, context):
            return [event["id"], context.tenant]
        """,
    "a partial": """
        import functools
        def work(prefix, event, context, *, key):
            return [event[key], context.tenant]
        handler = functools.partial(work, "p", key="id")
        """,
    "a partial that gives the last by keyword": """
        import functools
        def work(event, context, settings):
            return [event["id"], context.tenant]
        handler = functools.partial(work, settings={})
        """,
    "a decorated partial": """
        import functools
        def catch(f):
            @functools.wraps(f)
            def inner(*args):
                return f(*args)
            return inner
        def work(prefix, event, context):
            return [event["id"], context.tenant]
        handler = catch(functools.partial(work, "p"))
        """,
    "a bound method": """
        class App:
            def run(self, event, context):
                return [event["id"], context.tenant]
        handler = App().run
        """,
    "an object with a decorated __call__": """
        def catch(f):
            def inner(*args):
                return f(*args)
            return inner
        class App:
            @catch
            def __call__(self, event, context):
                return [event["id"], context.tenant]
        handler = App()
        """,
    "three parameters under a decorator": """
        def catch(f):
            def inner(*args):
                return f(*args)
            return inner
        @catch
        def handler(event, profile, context):
            return [event["id"], context.tenant]
        """,
    "a function that takes whatever there is": """
        def handler(*args):
            return [args[0]["id"], args[2].tenant]
        """,
}


@pytest.mark.parametrize("what", HANDLERS)
def test_a_handler_is_given_what_it_takes(box: Sandbox, what: str) -> None:
    """A decorator for errors is the first thing that a team shares between its functions."""
    [result] = box.run(a_job(textwrap.dedent(HANDLERS[what])))["results"]
    assert result["output"] == ["evt_1", "acme"], result
