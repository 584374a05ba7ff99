"""What a sensor function hands back: the run it asks for, or the reason for asking for none."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec

from ..plain_data import json_copy
from .asset_key import AssetKey
from .errors import CheckError, DagsterInvalidConfigError, DagsterInvalidDefinitionError
from .run_config import RunConfig, plain_run_config

_set = msgspec.structs.force_setattr

#: The types of a text that may be left out.
_TEXT = frozenset((str, type(None)))


class NotPlain(dict[str, Any]):
    """Run config that is not plain data, of a request that can become no run."""


class RunRequest(msgspec.Struct, frozen=True, gc=False):
    """One run that a sensor asks for. Equal by value, not hashable.

    Attributes:
        run_key: The sensor launches one run per key, ever; None and ``""`` stand for no such limit.
        run_config: Plain data; what a `RunConfig` stands for is expanded.
        tags: Tags of the run; values that are not strings are written as JSON.
        job_name: Which of the sensor's jobs; may be left out when there is one only.
        asset_selection: The assets to materialize; None for all of the target's.
        stale_assets_only: Whether to leave out the assets that are up to date.
        partition_key: The partition to run, None for none.
        asset_check_keys: The checks to run, None for all of the target's.

    Raises:
        CheckError: A field has the wrong type.
        DagsterInvalidDefinitionError: A tag's value cannot be written as JSON.
    """

    run_key: str | None = None
    run_config: Mapping[str, Any] = None  # type: ignore[assignment]
    tags: Mapping[str, str] = None  # type: ignore[assignment]
    job_name: str | None = None
    asset_selection: Sequence[AssetKey] | None = None
    stale_assets_only: bool = False
    partition_key: str | None = None
    asset_check_keys: Sequence[Any] | None = None

    __hash__: ClassVar[None] = None  # type: ignore[assignment]

    if TYPE_CHECKING:

        def __init__(
            self,
            run_key: str | None = None,
            run_config: Mapping[str, Any] | RunConfig | None = None,
            tags: Mapping[str, Any] | None = None,
            job_name: str | None = None,
            asset_selection: Sequence[AssetKey] | None = None,
            stale_assets_only: bool = False,
            partition_key: str | None = None,
            asset_check_keys: Sequence[Any] | None = None,
        ) -> None: ...

    def __post_init__(self) -> None:
        # A sensor may make a hundred thousand of these in a tick: what is as it should be costs one look.
        config = self.run_config
        _set(self, "run_config", {} if config is None else _plain_if_possible(config))
        _set(self, "tags", {} if self.tags is None else _encoded_tags(self.tags))
        if type(self.run_key) not in _TEXT:
            _set(self, "run_key", _text("run_key", self.run_key))
        if type(self.job_name) not in _TEXT:
            _set(self, "job_name", _text("job_name", self.job_name))
        if type(self.partition_key) not in _TEXT:
            _set(self, "partition_key", _text("partition_key", self.partition_key))
        if type(self.stale_assets_only) is not bool:
            raise CheckError(
                f"RunRequest.stale_assets_only is {self.stale_assets_only!r}: give True or False"
            )
        if self.asset_selection is not None:
            _set(self, "asset_selection", _asset_keys(self.asset_selection))
        if self.asset_check_keys is not None:
            _set(self, "asset_check_keys", _check_keys(self.asset_check_keys))

    def with_replaced_attrs(self, **changes: Any) -> RunRequest:
        """Return a copy with *changes* to the named fields, whose values are taken unchecked."""
        copied: RunRequest = self.__copy__()  # type: ignore[attr-defined]
        for field, value in changes.items():
            _set(copied, field, value)
        return copied


class SkipReason(msgspec.Struct, frozen=True):
    """Why a tick asks for no run.

    Attributes:
        skip_message: For people; None when there is nothing to say.
    """

    skip_message: str | None = None

    def __post_init__(self) -> None:
        if self.skip_message is not None and not isinstance(self.skip_message, str):
            raise CheckError(f"SkipReason.skip_message is {_typed(self.skip_message)}: give a str or None")


def _text(field: str, value: object) -> str:
    if isinstance(value, str):
        # An enumeration's or a library's own kind of str: the log holds plain ones only.
        return str.__str__(value)
    raise CheckError(f"RunRequest.{field} is {_typed(value)}: give a str or None")


def _plain_if_possible(run_config: Mapping[str, Any] | RunConfig) -> dict[str, Any]:
    copied: dict[str, Any] | None = json_copy(run_config) if type(run_config) is dict else None
    if copied is not None:
        return copied
    try:
        return plain_run_config(run_config)
    except DagsterInvalidConfigError:
        # A name on disk that is no valid text gets here: it may cost this one request, not the tick.
        return NotPlain(
            run_config.to_config_dict() if isinstance(run_config, RunConfig) else dict(run_config)
        )


def _encoded_tags(tags: object) -> dict[str, str]:
    if not isinstance(tags, Mapping):
        raise CheckError(f"RunRequest.tags is {_typed(tags)}: give a mapping of str to str")
    return {_tag_name(name): _tag_value(name, value) for name, value in tags.items()}


def _tag_name(name: object) -> str:
    if isinstance(name, str):
        return str.__str__(name)
    raise CheckError(f"RunRequest.tags has the key {_typed(name)}: names of tags are str")


def _tag_value(name: str, value: object) -> str:
    if isinstance(value, str):
        return str.__str__(value)
    try:
        return json.dumps(value)
    except (TypeError, ValueError, RecursionError) as error:
        raise DagsterInvalidDefinitionError(
            f"tag {name!r} of a run request is {_typed(value)}, which JSON cannot write: give a str"
        ) from error


def _asset_keys(keys: object) -> list[AssetKey]:
    if isinstance(keys, Sequence) and all(isinstance(key, AssetKey) for key in keys) and keys != "":
        return list(keys)
    raise CheckError(f"RunRequest.asset_selection is {_typed(keys)}: give a list of AssetKey")


def _check_keys(keys: object) -> list[Any]:
    if isinstance(keys, Sequence) and not isinstance(keys, (str, bytes)):
        return list(keys)
    raise CheckError(f"RunRequest.asset_check_keys is {_typed(keys)}: give a list of asset check keys")


def _typed(value: object) -> str:
    return f"{value!r} ({type(value).__name__})"
