"""The language of functions: what it allows, and how its code is rewritten.

It is based on RestrictedPython's transformer, which denies by default. Only three operations of a
program can do harm here: to load an attribute, to write to an object and to make a class. The
policy replaces each by a call of a guard: `_getattr_`, `_write_` and `__metaclass__`. It replaces
imports too, so that Python's import machinery never runs for user code. Iteration, subscripts and
calls stay plain Python. They are safe because attributes are allowed by exact type (see `guards`):
user code holds no object that is dangerous to iterate, subscript or call.
"""
# ruff: noqa: N802, D102 - ast dispatches by these names, which say what they visit

from __future__ import annotations

import ast
from typing import Any, Final

from RestrictedPython.transformer import INSPECT_ATTRIBUTES, RestrictingNodeTransformer

from sandbox.engines.restricted.catalogue import ABSENT_BUILTINS
from sandbox.engines.restricted.lowering import call, copy_place, statements
from sandbox.engines.restricted.names import (
    DUNDER_METHODS,
    PUBLIC_UNDERSCORES,
    SUPER_DUNDERS,
    is_private,
)
from sandbox.engines.restricted.policy_imports import ImportPolicy
from sandbox.engines.restricted.policy_match import MatchPolicy
from sandbox.sdk.finding import Finding

_CONVERSIONS: Final = {ord("s"): "_text_", ord("r"): "_repr_", ord("a"): "_ascii_"}
_RESERVED: Final = frozenset({"print", "printed", "builtins", "breakpoint", "exec", "eval"})
_NEED_NOT_EXIST: Final = frozenset({"builtin_not_available", "module_not_available"})
_ATTRIBUTE_HINTS: Final = {
    "__class__": "use type(x) or isinstance(x, ...)",
    "__name__": "use type(x).__name__",
    "__dict__": "keep the data in a dict, or use dataclasses.asdict(x)",
    "__doc__": "keep the text in a variable",
}


class Policy(MatchPolicy, ImportPolicy, RestrictingNodeTransformer):
    """Collects every finding in a module, and rewrites allowed code so that it calls the guards.

    Args:
        bound_names: names that the module binds anywhere, by other means than an import.
        imported_names: names that it binds by imports only.
        modules: the module that each name stands for, if it can stand for one module only.
    """

    def __init__(
        self,
        bound_names: frozenset[str],
        imported_names: frozenset[str],
        *,
        modules: dict[str, str],
    ) -> None:
        super().__init__()
        self.findings: list[Finding] = []
        self._bound_names = bound_names
        self._imported_names = imported_names
        self._modules = {name: modules[name] for name in imported_names & modules.keys()}
        self._in_class = False
        self._classes = 0

    def visit(self, node: ast.AST) -> Any:
        """The rewritten node. In place of a refused expression stands a constant."""
        rewritten_node = getattr(self, f"visit_{type(node).__name__}", self.generic_visit)(node)
        if rewritten_node is None and isinstance(node, ast.expr):
            # A finding says that it is refused. The node around it still needs an expression there.
            return copy_place(ast.Constant(None), node)
        return rewritten_node

    # Findings

    def refuse(self, node: ast.AST, code: str, *, message: str, hint: str = "") -> None:
        """Record one finding at this node."""
        line, column = getattr(node, "lineno", 0), getattr(node, "col_offset", 0) + 1
        self.findings.append(Finding(line, column, code, message, hint))

    def error(self, node: ast.AST, info: str) -> None:
        """Record a refusal of the base class as a finding."""
        self.refuse(node, "not_allowed", message=info)

    def warn(self, node: ast.AST, info: str) -> None:
        """Ignore a warning of the base class: all of them repeat its errors."""

    def not_allowed(self, node: ast.AST) -> None:
        kind = type(node).__name__
        message, hint = _NODE_REASONS.get(kind, (f"{kind} is not part of the language here", ""))
        self.refuse(node, "syntax_not_allowed", message=message, hint=hint)

    def visit_TemplateStr(self, node: ast.AST) -> None:
        """Refuse template strings, which are new in Python 3.14 and have not been reviewed."""
        self.not_allowed(node)

    def visit_Interpolation(self, node: ast.AST) -> None:
        self.not_allowed(node)

    # Names

    def check_name(self, node: Any, name: str | None, allow_magic_methods: bool = False) -> None:  # noqa: FBT001, FBT002 - the base class's signature
        if name is None or name == "_":
            return
        if name in _RESERVED:
            self.refuse(node, "name_reserved", message=f'"{name}" is a reserved name')
        elif name.startswith("__"):
            if not (allow_magic_methods and self._in_class and name in DUNDER_METHODS):
                message = f'"{name}" cannot be defined or used here'
                self.refuse(node, "name_dunder", message=message, hint=_dunder_hint(name))
        elif name.startswith("_") and not is_private(name):
            message = f'"{name}" is kept for the sandbox itself'
            self.refuse(node, "name_reserved", message=message, hint="drop the underscores")
        elif name.endswith("__roles__"):
            self.refuse(node, "name_reserved", message=f'"{name}" is a reserved name')

    def visit_Name(self, node: ast.Name) -> Any:
        name = node.id
        if name == "__name__":
            hint = "leave the block out: the platform calls handler(event)"
            self.refuse(node, "name_dunder", message='"__name__" does not exist here', hint=hint)
            return node
        reason_and_hint = ABSENT_BUILTINS.get(name)
        if reason_and_hint and name not in self._bound_names and isinstance(node.ctx, ast.Load):
            message = f'"{name}" is not available: {reason_and_hint[0]}'
            self.refuse(node, "builtin_not_available", message=message, hint=reason_and_hint[1])
            return node
        if name != "print" or not isinstance(node.ctx, ast.Load):
            self.check_name(node, name)
        return node

    def visit_Global(self, node: ast.Global) -> Any:
        for name in node.names:
            self.check_name(node, name)
        return node

    def visit_Nonlocal(self, node: ast.Nonlocal) -> Any:
        for name in node.names:
            self.check_name(node, name)
        return node

    # Attributes and items

    def visit_Attribute(self, node: ast.Attribute) -> Any:
        if isinstance(node.ctx, ast.Load) and _is_type_name(node):
            type_call = node.value
            assert isinstance(type_call, ast.Call)  # noqa: S101 - _is_type_name looked
            return copy_place(call("_type_name_", self.visit(type_call.args[0])), node)
        self._check_attribute(node)
        self.check_module_member(node)
        value = node.value
        node.value = self.visit(value)
        if isinstance(node.ctx, ast.Load):
            return copy_place(call("_getattr_", node.value, ast.Constant(node.attr)), node)
        if isinstance(value, ast.Name) and value.id in self._imported_names:
            message = f'"{value.id}.{node.attr}" belongs to a module and cannot be changed'
            self.refuse(node, "write_not_allowed", message=message, hint="use a variable of yours")
        node.value = copy_place(call("_write_", node.value), value)
        return node

    def _check_attribute(self, node: ast.Attribute) -> None:
        name = node.attr
        if name in INSPECT_ATTRIBUTES or name.endswith("__roles__"):
            message = f'".{name}" reaches the interpreter itself'
            self.refuse(node, "attribute_not_allowed", message=message)
        elif name.startswith("_") and not self._may_underscore(node):
            message = f'".{name}" starts with an underscore'
            hint = _ATTRIBUTE_HINTS.get(name) or _private_hint(name)
            self.refuse(node, "attribute_not_allowed", message=message, hint=hint)

    def _may_underscore(self, node: ast.Attribute) -> bool:
        # Whether the name may be written at all. Whose attribute it is, the guard checks when the
        # code runs.
        name, value = node.attr, node.value
        if name in PUBLIC_UNDERSCORES:
            return isinstance(node.ctx, ast.Load)
        if is_private(name):
            return self._classes > 0
        if name not in SUPER_DUNDERS or not isinstance(node.ctx, ast.Load):
            return False
        return _is_super(value) or (name == "__init__" and isinstance(value, ast.Name))

    def visit_Subscript(self, node: ast.Subscript) -> Any:
        value = node.value
        node = self.node_contents_visit(node)
        if not isinstance(node.ctx, ast.Load):
            node.value = copy_place(call("_write_", node.value), value)
        return node

    def visit_AugAssign(self, node: ast.AugAssign) -> Any:
        target = node.target
        inner = target.value if isinstance(target, ast.Attribute) else None
        node = self.node_contents_visit(node)
        if inner is not None and isinstance(target, ast.Attribute):
            # Python loads the old value itself, without `_getattr_`. So this guard checks the name.
            assert isinstance(target.value, ast.Call)  # noqa: S101 - visited as a store above
            guard = call("_augment_", *target.value.args, ast.Constant(target.attr))
            target.value = copy_place(guard, inner)
        return node

    # Statements that the base class rewrites or refuses, and that stay plain Python here

    def visit_Call(self, node: ast.Call) -> Any:
        node = self.node_contents_visit(node)
        if _is_call_of_one(node, "str"):
            # `_str_` only chooses what to call. The call itself stays in the program's own frame.
            node.func = copy_place(call("_str_", node.func), node.func)
        return node

    def visit_FormattedValue(self, node: ast.FormattedValue) -> Any:
        # These guards are also the built-in functions of user code; they keep addresses out of
        # texts.
        node = self.node_contents_visit(node)
        value, spec = node.value, node.format_spec
        if node.conversion in _CONVERSIONS:
            value = copy_place(call(_CONVERSIONS[node.conversion], value), value)
        parts = (value,) if spec is None else (value, spec)
        node.value, node.conversion, node.format_spec = call("_format_", *parts), -1, None
        copy_place(node.value, value)
        return node

    def visit_For(self, node: ast.For) -> Any:
        return self.node_contents_visit(node)

    def visit_comprehension(self, node: ast.comprehension) -> Any:
        if node.is_async:
            self.refuse(
                node.target, "syntax_not_allowed", message="async is not part of the language"
            )
        return self.node_contents_visit(node)

    def visit_With(self, node: ast.With) -> Any:
        return self.node_contents_visit(node)

    def visit_Assign(self, node: ast.Assign) -> Any:
        return self.node_contents_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> Any:
        target = self.visit(node.target)
        value = self.visit(node.value) if node.value is not None else None
        text = _annotation_text(node.annotation)
        self._check_annotation(node.annotation)
        if self._in_class and isinstance(target, ast.Name):
            # The annotation is kept as text: dataclasses and NamedTuple need the fields' names, and
            # nobody needs the types.
            node.annotation = copy_place(ast.Constant(text), node)
            node.value = value
            return node
        if value is None:
            return copy_place(ast.Pass(), node)
        return copy_place(ast.Assign(targets=[target], value=value), node)

    def _check_annotation(self, annotation: ast.expr | None) -> None:
        # An annotation never runs. It is checked all the same, because a reader of the source
        # does not know that. But it may name a type that does not exist here, such as bytearray.
        if annotation is not None:
            count = len(self.findings)
            self.visit(annotation)
            findings = self.findings[count:]
            self.findings[count:] = [f for f in findings if f.code not in _NEED_NOT_EXIST]

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> Any:
        self.check_name(node, node.name)
        node = self.node_contents_visit(node)
        if node.type is not None:
            node.type = copy_place(call("_caught_", node.type), node.type)
        return node

    # Functions and classes

    def visit_FunctionDef(self, node: ast.FunctionDef) -> Any:
        self.check_name(node, node.name, allow_magic_methods=True)
        self.check_function_argument_names(node)
        self._check_annotation(node.returns)
        node.returns = None
        was_in_class, self._in_class = self._in_class, False
        node.decorator_list = [self.visit(item) for item in node.decorator_list]
        node.args = self.visit(node.args)
        node.body = statements(self, node.body)
        for parameter in getattr(node, "type_params", []):
            self.not_allowed(parameter)
        self._in_class = was_in_class
        return node

    def visit_arg(self, node: ast.arg) -> Any:
        self._check_annotation(node.annotation)
        node.annotation = None
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> Any:
        self.check_name(node, node.name)
        for keyword in node.keywords:
            message = f'class keyword "{keyword.arg}" is not allowed'
            self.refuse(node, "syntax_not_allowed", message=message, hint="leave it out")
        for parameter in getattr(node, "type_params", []):
            self.not_allowed(parameter)
        node.bases = [self.visit(base) for base in node.bases]
        node.decorator_list = [self.visit(item) for item in node.decorator_list]
        was_in_class, self._in_class = self._in_class, True
        self._classes += 1
        node.body = statements(self, node.body)
        self._classes -= 1
        self._in_class = was_in_class
        meta = ast.keyword(arg="metaclass", value=ast.Name("__metaclass__", ast.Load()))
        node.keywords = [copy_place(meta, node)]
        return ast.fix_missing_locations(node)


def _annotation_text(annotation: ast.expr) -> str:
    """The annotation as text, without quotes around it."""
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        return annotation.value
    return ast.unparse(annotation)


def _is_type_name(node: ast.Attribute) -> bool:
    return node.attr == "__name__" and _is_call_of_one(node.value, "type")


def _is_call_of_one(node: ast.expr, name: str) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == name
        and len(node.args) == 1
        and not node.keywords
        and not isinstance(node.args[0], ast.Starred)
    )


def _is_super(value: ast.expr) -> bool:
    return (
        isinstance(value, ast.Call)
        and isinstance(value.func, ast.Name)
        and value.func.id == "super"
    )


def _private_hint(name: str) -> str:
    if not is_private(name):
        return "names of this form belong to Python and the sandbox"
    return f"{name} of your own objects can be used inside your classes: write a method for it"


def _dunder_hint(name: str) -> str:
    if name == "__slots__":
        return "leave it out"
    if name in {"__getattr__", "__getattribute__", "__setattr__", "__new__", "__del__"}:
        return "write an ordinary method and call it"
    return "names with two leading underscores belong to Python"


_NODE_REASONS: Final = {
    "AsyncFunctionDef": ("async is not part of the language", "write plain def"),
    "Await": ("async is not part of the language", "call the function plainly"),
    "AsyncFor": ("async is not part of the language", "write plain for"),
    "AsyncWith": ("async is not part of the language", "write plain with"),
    "TryStar": ("except* is not part of the language", "write plain except"),
    "TypeAlias": ("type statements are not part of the language", "leave it out"),
    "TypeVar": ("type parameters are not part of the language", "leave them out"),
    "ParamSpec": ("type parameters are not part of the language", "leave them out"),
    "TypeVarTuple": ("type parameters are not part of the language", "leave them out"),
}
