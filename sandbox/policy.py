"""What the language of functions is: RestrictedPython's transformer, deny by default, opened by us.

Only three things of a program can do harm here, and each is lowered to a guard: loading an
attribute (`_getattr_`), writing to an object (`_write_`), making a class (`__metaclass__`).
Imports are lowered too, so that no real import machinery ever runs for user code. Iteration,
subscripts and calls stay plain Python: every object that user code can hold is safe to iterate,
subscribe and call, because attributes are allowed by exact type (see `guards`).
"""
# ruff: noqa: N802 - ast dispatches by these names

from __future__ import annotations

import ast
from typing import Any

from RestrictedPython.transformer import INSPECT_ATTRIBUTES, RestrictingNodeTransformer

from sandbox.catalogue import (
    ABSENT_BUILTINS,
    CLASS_PATTERNS,
    DUNDER_METHODS,
    MODULE_MEMBERS,
    PRIVATE_HOLDERS,
    PUBLIC_UNDERSCORES,
    SUPER_DUNDERS,
    hint_for_module,
    is_private,
)
from sandbox.outcome import Finding



_ATTRIBUTE_HINTS = {
    "__class__": "use type(x) or isinstance(x, ...)",
    "__name__": "use type(x).__name__",
    "__dict__": "keep the data in a dict, or use dataclasses.asdict(x)",
    "__doc__": "keep the text in a variable",
}


def _copy(new: Any, old: ast.AST) -> Any:
    return ast.fix_missing_locations(ast.copy_location(new, old))


def _call(name: str, *args: ast.expr) -> ast.Call:
    return ast.Call(func=ast.Name(name, ast.Load()), args=list(args), keywords=[])


class Policy(RestrictingNodeTransformer):
    """Collects every finding of a module and rewrites what is allowed into guarded form."""

    def __init__(self, bound: frozenset[str], imported: frozenset[str]) -> None:
        super().__init__()
        self.findings: list[Finding] = []
        self._bound = bound
        self._imported = imported
        self._matches = 0
        self._in_class = False

    # Findings

    def refuse(self, node: ast.AST, code: str, *, message: str, hint: str = "") -> None:
        """Record one finding at this node."""
        line, column = getattr(node, "lineno", 0), getattr(node, "col_offset", 0) + 1
        self.findings.append(Finding(line, column, code, message, hint))

    def error(self, node: ast.AST, info: str) -> None:
        """What the base class refuses, as a finding of ours."""
        self.refuse(node, "not_allowed", message=info)

    def warn(self, node: ast.AST, info: str) -> None:
        """Warnings of the base class repeat its errors."""

    def not_allowed(self, node: ast.AST) -> None:
        kind = type(node).__name__
        message, hint = _NODE_REASONS.get(kind, (f"{kind} is not part of the language here", ""))
        self.refuse(node, "syntax_not_allowed", message=message, hint=hint)

    def visit_TemplateStr(self, node: ast.AST) -> None:
        """New syntax is refused until it has been reviewed."""
        self.not_allowed(node)

    visit_Interpolation = visit_TemplateStr

    # Names

    def check_name(self, node: Any, name: str | None, allow_magic_methods: bool = False) -> None:  # noqa: FBT001, FBT002 - the base class's signature
        if name is None or name == "_":
            return
        if name in {"printed", "builtins", "breakpoint", "exec", "eval"}:
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

    def visit_Name(self, node: ast.Name) -> ast.AST:
        name = node.id
        if name == "__name__":
            hint = "leave the block out: the platform calls handler(event)"
            self.refuse(node, "name_dunder", message='"__name__" does not exist here', hint=hint)
            return node
        absent = ABSENT_BUILTINS.get(name)
        if absent and name not in self._bound and isinstance(node.ctx, ast.Load):
            message = f'"{name}" is not available: {absent[0]}'
            self.refuse(node, "builtin_not_available", message=message, hint=absent[1])
            return node
        self.check_name(node, name)
        return node

    def visit_Global(self, node: ast.Global) -> ast.AST:
        for name in node.names:
            self.check_name(node, name)
        return node

    def visit_Nonlocal(self, node: ast.Nonlocal) -> ast.AST:
        for name in node.names:
            self.check_name(node, name)
        return node

    # Attributes and items

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        if isinstance(node.ctx, ast.Load) and _is_type_name(node):
            call = node.value
            assert isinstance(call, ast.Call)  # noqa: S101 - _is_type_name looked
            return _copy(_call("_type_name_", self.visit(call.args[0])), node)
        self._check_attribute(node)
        value = node.value
        node.value = self.visit(value)
        if isinstance(node.ctx, ast.Load):
            return _copy(_call("_getattr_", node.value, ast.Constant(node.attr)), node)
        if isinstance(value, ast.Name) and value.id in self._imported:
            message = f'"{value.id}.{node.attr}" belongs to a module and cannot be changed'
            self.refuse(node, "write_not_allowed", message=message, hint="use a variable of yours")
        node.value = _copy(_call("_write_", node.value), value)
        return node

    def _check_attribute(self, node: ast.Attribute) -> None:
        name = node.attr
        if name in INSPECT_ATTRIBUTES or name.endswith("__roles__"):
            message = f'".{name}" reaches the interpreter itself'
            self.refuse(node, "attribute_not_allowed", message=message)
        elif name.startswith("_") and not _may_underscore(node):
            message = f'".{name}" starts with an underscore'
            hint = _ATTRIBUTE_HINTS.get(name, "self._name works inside your own classes")
            self.refuse(node, "attribute_not_allowed", message=message, hint=hint)

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        value = node.value
        node = self.node_contents_visit(node)
        if not isinstance(node.ctx, ast.Load):
            node.value = _copy(_call("_write_", node.value), value)
        return node

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.AST:
        target = node.target
        inner = target.value if isinstance(target, ast.Attribute) else None
        node = self.node_contents_visit(node)
        if inner is not None and isinstance(target, ast.Attribute):
            # Python loads the old value itself, past _getattr_: so the guard must know the name.
            assert isinstance(target.value, ast.Call)  # noqa: S101 - visited as a store above
            call = _call("_augment_", *target.value.args, ast.Constant(target.attr))
            target.value = _copy(call, inner)
        return node

    # Statements that the base class lowers or refuses, and that are plain here

    def visit_Call(self, node: ast.Call) -> ast.AST:
        return self.node_contents_visit(node)

    def visit_For(self, node: ast.For) -> ast.AST:
        return self.node_contents_visit(node)

    def visit_comprehension(self, node: ast.comprehension) -> ast.AST:
        if node.is_async:
            self.refuse(node.target, "syntax_not_allowed", message="async is not part of the language")
        return self.node_contents_visit(node)

    def visit_With(self, node: ast.With) -> ast.AST:
        return self.node_contents_visit(node)

    def visit_Assign(self, node: ast.Assign) -> ast.AST:
        if self._in_class and _assigns_slots(node):
            return _copy(ast.Pass(), node)
        return self.node_contents_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        target = self.visit(node.target)
        value = self.visit(node.value) if node.value is not None else None
        if self._in_class and isinstance(target, ast.Name):
            # Kept as text: dataclasses and NamedTuple need the names, nobody needs the types.
            node.annotation = _copy(ast.Constant(ast.unparse(node.annotation)), node)
            node.value = value
            return node
        if value is None:
            return _copy(ast.Pass(), node)
        return _copy(ast.Assign(targets=[target], value=value), node)

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> ast.AST:
        self.check_name(node, node.name)
        return self.node_contents_visit(node)

    # Imports

    def visit_Import(self, node: ast.Import) -> Any:
        out: list[ast.stmt] = []
        for alias in node.names:
            name = alias.asname or alias.name.partition(".")[0]
            if self._check_import(node, alias.name, bound=name):
                wanted = alias.name if alias.asname else name
                value = _call("_import_", ast.Constant(wanted), ast.Constant(alias.name))
                out.append(_assign(node, name, value))
        return out or _copy(ast.Pass(), node)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> Any:
        if node.module == "__future__":
            return _copy(ast.Pass(), node)
        module = "." * node.level + (node.module or "")
        if not self._check_import(node, module, bound=None):
            return _copy(ast.Pass(), node)
        out: list[ast.stmt] = []
        for alias in node.names:
            name = alias.asname or alias.name
            if self._check_member(node, module, name=alias.name, bound=name):
                value = _call("_from_", ast.Constant(module), ast.Constant(alias.name))
                out.append(_assign(node, name, value))
        return out or _copy(ast.Pass(), node)

    def _check_import(self, node: ast.AST, module: str, *, bound: str | None) -> bool:
        if module not in MODULE_MEMBERS:
            message = f'module "{module}" is not available'
            hint = hint_for_module(module)
            self.refuse(node, "module_not_available", message=message, hint=hint)
            return False
        return bound is None or self._check_alias(node, bound)

    def _check_member(self, node: ast.AST, module: str, *, name: str, bound: str) -> bool:
        if name == "*":
            hint = "name what you import"
            message = '"import *" is not allowed'
            self.refuse(node, "syntax_not_allowed", message=message, hint=hint)
            return False
        if name not in MODULE_MEMBERS[module]:
            message = f'"{module}" has no "{name}" here'
            hint = f"it offers: {', '.join(sorted(MODULE_MEMBERS[module]))}"
            self.refuse(node, "module_not_available", message=message, hint=hint)
            return False
        return self._check_alias(node, bound)

    def _check_alias(self, node: ast.AST, name: str) -> bool:
        if name.startswith("_"):
            message = f'an import cannot be named "{name}"'
            self.refuse(node, "name_reserved", message=message, hint="drop the underscore")
            return False
        self.check_name(node, name)
        return True

    # Functions and classes

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        self.check_name(node, node.name, allow_magic_methods=True)
        self.check_function_argument_names(node)
        node.returns = None
        was, self._in_class = self._in_class, False
        node.decorator_list = [self.visit(item) for item in node.decorator_list]
        node.args = self.visit(node.args)
        node.body = _statements(self, node.body)
        for parameter in getattr(node, "type_params", []):
            self.not_allowed(parameter)
        self._in_class = was
        return node

    def visit_arg(self, node: ast.arg) -> ast.AST:
        node.annotation = None
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        self.check_name(node, node.name)
        for keyword in node.keywords:
            message = f'class keyword "{keyword.arg}" is not allowed'
            self.refuse(node, "syntax_not_allowed", message=message, hint="leave it out")
        for parameter in getattr(node, "type_params", []):
            self.not_allowed(parameter)
        node.bases = [self.visit(base) for base in node.bases]
        node.decorator_list = [self.visit(item) for item in node.decorator_list]
        was, self._in_class = self._in_class, True
        node.body = _statements(self, node.body)
        self._in_class = was
        meta = ast.keyword(arg="metaclass", value=ast.Name("__metaclass__", ast.Load()))
        node.keywords = [_copy(meta, node)]
        return ast.fix_missing_locations(node)

    # match

    def visit_Match(self, node: ast.Match) -> Any:
        values: list[ast.keyword] = []
        name = f"_match_{self._matches}_"
        self._matches += 1
        for case in node.cases:
            case.pattern = self._pattern(case.pattern, name=name, values=values)
            case.guard = self.visit(case.guard) if case.guard else None
            case.body = _statements(self, case.body)
        node.subject = self.visit(node.subject)
        if not values:
            return node
        # Dotted values are looked up once, by the guard, before the match: a pattern itself
        # may hold nothing but a plain attribute of a plain object.
        holder = ast.Call(func=ast.Name("_values_", ast.Load()), args=[], keywords=values)
        return [_assign(node, name, holder), node]

    def _pattern(self, pattern: Any, *, name: str, values: list[ast.keyword]) -> Any:
        if isinstance(pattern, ast.MatchClass):
            return self._class_pattern(pattern, name=name, values=values)
        if isinstance(pattern, ast.MatchValue):
            pattern.value = self._pattern_value(pattern.value, name=name, values=values)
        elif isinstance(pattern, ast.MatchMapping):
            keys = [self._pattern_value(key, name=name, values=values) for key in pattern.keys]
            pattern.keys = keys
            self.check_name(pattern, pattern.rest)
        elif isinstance(pattern, ast.MatchAs | ast.MatchStar):
            self.check_name(pattern, pattern.name)
        elif not isinstance(pattern, ast.MatchSingleton | ast.MatchSequence | ast.MatchOr):
            self.not_allowed(pattern)
        for inner in getattr(pattern, "patterns", []):
            self._pattern(inner, name=name, values=values)
        if isinstance(pattern, ast.MatchAs) and pattern.pattern is not None:
            self._pattern(pattern.pattern, name=name, values=values)
        return pattern

    def _pattern_value(self, value: Any, *, name: str, values: list[ast.keyword]) -> Any:
        if not isinstance(value, ast.Attribute):
            return self.visit(value)
        slot = f"v{len(values)}"
        values.append(ast.keyword(arg=slot, value=self.visit(value)))
        return _copy(ast.Attribute(ast.Name(name, ast.Load()), slot, ast.Load()), value)

    def _class_pattern(self, pattern: ast.MatchClass, *, name: str, values: Any) -> Any:
        known = isinstance(pattern.cls, ast.Name) and pattern.cls.id in CLASS_PATTERNS
        if not known or pattern.kwd_attrs or len(pattern.patterns) > 1:
            message = "a class pattern reads attributes by itself"
            hint = "match on values, sequences, mappings, or str() int() float() bool() list() dict()"
            self.refuse(pattern, "syntax_not_allowed", message=message, hint=hint)
            return pattern
        for inner in pattern.patterns:
            self._pattern(inner, name=name, values=values)
        return pattern


def _statements(policy: Policy, body: list[ast.stmt]) -> list[ast.stmt]:
    out: list[ast.stmt] = []
    for statement in body:
        found = policy.visit(statement)
        out.extend(found if isinstance(found, list) else [found])
    return [statement for statement in out if statement is not None] or [ast.Pass()]


def _assign(node: ast.AST, name: str, value: ast.expr) -> ast.stmt:
    made: ast.stmt = _copy(ast.Assign(targets=[ast.Name(name, ast.Store())], value=value), node)
    return made


def _is_type_name(node: ast.Attribute) -> bool:
    call = node.value
    return (
        node.attr == "__name__"
        and isinstance(call, ast.Call)
        and isinstance(call.func, ast.Name)
        and call.func.id == "type"
        and len(call.args) == 1
        and not call.keywords
        and not isinstance(call.args[0], ast.Starred)
    )


def _may_underscore(node: ast.Attribute) -> bool:
    """Underscores that are fine to read here; at run time the guard looks at the object too."""
    name, value = node.attr, node.value
    if name in PUBLIC_UNDERSCORES:
        return isinstance(node.ctx, ast.Load)
    if is_private(name):
        return isinstance(value, ast.Name) and value.id in PRIVATE_HOLDERS
    if name not in SUPER_DUNDERS or not isinstance(node.ctx, ast.Load):
        return False
    if isinstance(value, ast.Call) and isinstance(value.func, ast.Name):
        return value.func.id == "super"
    return name == "__init__" and isinstance(value, ast.Name)


def _assigns_slots(node: ast.Assign) -> bool:
    return all(isinstance(to, ast.Name) and to.id == "__slots__" for to in node.targets)


def _dunder_hint(name: str) -> str:
    if name == "__slots__":
        return "leave it out"
    if name in {"__getattr__", "__getattribute__", "__setattr__", "__new__", "__del__"}:
        return "write an ordinary method and call it"
    return "names with two leading underscores belong to Python"


_NODE_REASONS = {
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
