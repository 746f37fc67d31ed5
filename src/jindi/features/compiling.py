"""How kernels are compiled: kept on disk, without Python's lock, and with plain places.

An array may be indexed from its end, so before each access numba asks whether the place is negative and adds
the array's length if it is. Kernels do little else than access words at places that they have computed, and
that question took a fifth of their time. No kernel counts from the end: here every computed place is declared
unsigned. With `NUMBA_BOUNDSCHECK=1` a place outside the array is found as ever (a negative one is huge then).
"""

# mypy: disable-error-code="no-untyped-call, misc"
# (numba has no types)

from collections.abc import Callable
from typing import Any, TypeVar, cast

from llvmlite import ir as machine  # type: ignore[import-untyped]
from numba import njit, types
from numba.core import ir
from numba.core.compiler import CompilerBase, DefaultPassBuilder
from numba.core.compiler_machinery import FunctionPass, register_pass
from numba.core.ir_utils import build_definitions
from numba.core.untyped_passes import IRProcessing
from numba.extending import intrinsic

F = TypeVar("F", bound=Callable[..., Any])


def _unsigned(_context: Any, place: Any) -> Any:
    """The types and the (empty) machine code of `unsigned`. A slice stays what it is."""
    kind = types.uint64 if isinstance(place, types.Integer) else place
    return kind(kind), lambda _context, _builder, _signature, arguments: arguments[0]


unsigned: Any = intrinsic(_unsigned)


@register_pass(mutates_CFG=False, analysis_only=False)
class PlainPlaces(FunctionPass):
    """Make every `array[place]` of a kernel `array[unsigned(place)]`, before types are inferred."""

    _name = "jindi_plain_places"

    def __init__(self) -> None:
        """Numba asks for it."""

    def run_pass(self, state: Any) -> bool:
        """Rewrite the function's code; it did change."""
        for block in state.func_ir.blocks.values():
            body: list[Any] = []
            for statement in block.body:
                access = statement if isinstance(statement, ir.SetItem) else getattr(statement, "value", None)
                if access is statement or (isinstance(access, ir.Expr) and access.op == "getitem"):
                    access.index = _declared(access.index, block.scope, statement.loc, body)
                body.append(statement)
            block.body = body
        state.func_ir._definitions = build_definitions(state.func_ir.blocks)  # noqa: SLF001 - numba's way for passes
        return True


def _declared(place: Any, scope: Any, where: Any, body: list[Any]) -> Any:
    """A variable with the place as an unsigned word; the statements that make it go to the body's end."""
    function, result = scope.redefine("$unsigned", where), scope.redefine("$place", where)
    body.append(ir.Assign(ir.Global("unsigned", unsigned, where), function, where))
    body.append(ir.Assign(ir.Expr.call(function, (place,), (), where), result, where))
    return result


class KernelCompiler(CompilerBase):
    """Numba's compiler with plain places."""

    def define_pipelines(self) -> list[Any]:
        """The stages of compilation."""
        stages = DefaultPassBuilder.define_nopython_pipeline(self.state)
        stages.add_pass_after(PlainPlaces, IRProcessing)
        stages.finalize()
        return [stages]


def kernel(function: F) -> F:
    """Compile on first use, keep the machine code on disk, let other threads run meanwhile.

    Kernels own no memory: arrays are lent to them. So nobody counts references to them (`_nrt`), which would take
    some hundred atomic additions for an event.
    """
    return _compiled(function, {"_nrt": False})


def brief_kernel(function: F) -> F:
    """As `kernel`, for one that is done in some microseconds: it keeps Python's lock.

    To give the lock away and get it back costs more than such a kernel takes, once another thread wants it.
    """
    return _compiled(function, {"_nrt": False, "nogil": False})


def owning_kernel(function: F) -> F:
    """As `kernel`, for one that makes arrays of its own, which are counted."""
    return _compiled(function, {})


def entry(function: F, signature: tuple[Any, ...]) -> F:
    """A kernel's machine code as it stands, without the search for the types of each call's arguments, which takes a
    third of a microsecond. Nobody checks them any more: they must be of these types.
    """
    compiled: Any = function
    compiled.compile(signature)
    return cast("F", compiled.overloads[signature].entry_point)


def _compiled(function: F, more: dict[str, Any]) -> F:
    options: dict[str, Any] = {"nogil": True, "cache": True, "error_model": "numpy"} | more
    return cast("F", njit(pipeline_class=KernelCompiler, **options)(function))


def _fetch(_context: Any, words: Any, _at: Any) -> Any:
    """The types and the machine instruction of `fetch`."""

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        array = context.make_array(signature.args[0])(context, builder, arguments[0])
        pointer = builder.gep(array.data, [arguments[1]])
        byte, flag = machine.IntType(8).as_pointer(), machine.IntType(32)
        function = builder.module.declare_intrinsic(
            "llvm.prefetch", [byte], machine.FunctionType(machine.VoidType(), [byte, flag, flag, flag])
        )
        # For reading, to be kept in every cache, data.
        builder.call(function, [builder.bitcast(pointer, byte), flag(0), flag(3), flag(1)])
        return context.get_dummy_value()

    return types.void(words, types.int64), build


fetch: Any = intrinsic(_fetch)
"""`fetch(words, at)` asks memory for a word that is needed soon, without waiting for it."""
