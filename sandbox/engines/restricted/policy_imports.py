"""Checks imports against the tables of modules, and replaces them by look-ups in these tables."""
# ruff: noqa: D102 - ast dispatches by these names, which say what they visit

from __future__ import annotations

import ast
from typing import Any, TypeGuard

from sandbox.engines.restricted.catalogue import MODULE_MEMBERS, hint_for_module
from sandbox.engines.restricted.lowering import assign, call, copy_place, statements
from sandbox.engines.restricted.names import FUTURES


class ImportPolicy(ast.NodeTransformer):
    """The part of the policy for imports and for members of imported modules."""

    _modules: dict[str, str]
    _may_fail = 0

    def refuse(self, node: ast.AST, code: str, *, message: str, hint: str = "") -> None:
        """Record one finding at this node."""
        raise NotImplementedError

    def check_name(self, node: Any, name: str | None) -> None:
        """Record a finding if user code may not bind this name."""
        raise NotImplementedError

    def visit_Import(self, node: ast.Import) -> Any:
        assignments: list[ast.stmt] = []
        for alias in node.names:
            name = alias.asname or alias.name.partition(".")[0]
            if self._check_import(node, alias.name, alias=name):
                module = alias.name if alias.asname else name
                value = call("_import_", ast.Constant(module), ast.Constant(alias.name))
                assignments.append(assign(node, name, value))
        return assignments or copy_place(ast.Pass(), node)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> Any:
        if node.module == "__future__" and _is_known_future(node):
            return copy_place(ast.Pass(), node)
        module = "." * node.level + (node.module or "")
        if not self._check_import(node, module, alias=None):
            return copy_place(ast.Pass(), node)
        assignments: list[ast.stmt] = []
        for alias in node.names:
            name = alias.asname or alias.name
            if self._check_member(node, module, name=alias.name, alias=name):
                value = call("_from_", ast.Constant(module), ast.Constant(alias.name))
                assignments.append(assign(node, name, value))
        return assignments or copy_place(ast.Pass(), node)

    def _check_import(self, node: ast.AST, module: str, *, alias: str | None) -> bool:
        if module not in MODULE_MEMBERS:
            message = f'module "{module}" is not available'
            hint = hint_for_module(module)
            self.refuse(node, "module_not_available", message=message, hint=hint)
            return False
        return alias is None or self._check_alias(node, alias)

    def _check_member(self, node: ast.AST, module: str, *, name: str, alias: str) -> bool:
        if name == "*":
            hint = "name what you import"
            message = '"import *" is not allowed'
            self.refuse(node, "syntax_not_allowed", message=message, hint=hint)
            return False
        if name not in MODULE_MEMBERS[module]:
            self._refuse_member(node, module, name)
            return False
        return self._check_alias(node, alias)

    def _check_alias(self, node: ast.AST, name: str) -> bool:
        if name.startswith("_"):
            message = f'an import cannot be named "{name}"'
            self.refuse(node, "name_reserved", message=message, hint="drop the underscore")
            return False
        self.check_name(node, name)
        return True

    def _refuse_member(self, node: ast.AST, module: str, name: str) -> None:
        message = f'"{module}" has no "{name}" here'
        hint = f"it offers: {', '.join(sorted(MODULE_MEMBERS[module]))}"
        self.refuse(node, "module_not_available", message=message, hint=hint)

    # Reads of a module's members

    def check_module_member(self, node: ast.Attribute) -> None:
        """Record a finding if this reads a member that the module does not have here.

        It does so only if the name can stand for that module alone. A read in a `try` with `except`
        may be there to ask whether the member exists, so it is left to the run.
        """
        module = self._module_of(node.value)
        if module is not None and node.attr not in MODULE_MEMBERS[module] and not self._may_fail:
            self._refuse_member(node, module, node.attr)

    def _module_of(self, node: ast.expr) -> str | None:
        if isinstance(node, ast.Name):
            return self._modules.get(node.id)
        if not isinstance(node, ast.Attribute):
            return None
        parent = self._module_of(node.value)
        name = f"{parent}.{node.attr}"
        return name if parent is not None and name in MODULE_MEMBERS else None

    def visit_Try(self, node: ast.Try) -> Any:
        self._may_fail += bool(node.handlers)
        node.body = statements(self, node.body)
        self._may_fail -= bool(node.handlers)
        node.handlers = [self.visit(handler) for handler in node.handlers]
        node.orelse = statements(self, node.orelse) if node.orelse else []
        node.finalbody = statements(self, node.finalbody) if node.finalbody else []
        return node


def modules_named(tree: ast.Module) -> dict[str, str]:
    """The names that imports bind to one module only, each with that module."""
    targets: dict[str, set[str]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                name = alias.asname or alias.name.partition(".")[0]
                targets.setdefault(name, set()).add(alias.name if alias.asname else name)
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                member = f"{node.module}.{alias.name}"
                targets.setdefault(alias.asname or alias.name, set()).add(member)
        elif _asks_for_members(node):
            targets.setdefault(node.args[0].id, set()).add("?")
    return {
        name: next(iter(modules))
        for name, modules in targets.items()
        if len(modules) == 1 and modules <= MODULE_MEMBERS.keys()
    }


def _asks_for_members(node: ast.AST) -> TypeGuard[Any]:
    # hasattr(math, "cbrt"): this code expects that the member may be missing.
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in {"hasattr", "getattr"}
        and bool(node.args)
        and isinstance(node.args[0], ast.Name)
    )


def _is_known_future(node: ast.ImportFrom) -> bool:
    return all(alias.name in FUTURES and alias.asname is None for alias in node.names)
