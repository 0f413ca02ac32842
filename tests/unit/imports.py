"""What a module imports."""

import ast


def imported_packages(tree: ast.AST) -> set[str]:
    """Return the top-level packages that a module imports at run time."""
    if isinstance(tree, ast.If) and isinstance(tree.test, ast.Name) and tree.test.id == "TYPE_CHECKING":
        return set()
    if isinstance(tree, ast.Import):
        return {alias.name.partition(".")[0] for alias in tree.names}
    if isinstance(tree, ast.ImportFrom):
        return {(tree.module or "").partition(".")[0]} if tree.level == 0 else set()
    return set().union(*map(imported_packages, ast.iter_child_nodes(tree)))
