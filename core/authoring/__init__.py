"""What people write sensors with: the names a Dagster sensor author knows."""

from ..execution.in_process import ExecuteInProcessResult
from .asset_key import AssetKey
from .asset_selection import AssetSelection
from .asset_spec import AssetDep, AssetOut, AssetSpec
from .assets import AssetsDefinition, asset
from .config import Config
from .default_status import DefaultSensorStatus, SensorType
from .definitions import Definitions
from .direct_context import build_asset_context, build_op_context
from .errors import (
    CheckError,
    DagsterError,
    DagsterExecutionStepExecutionError,
    DagsterInvalidConfigError,
    DagsterInvalidDefinitionError,
    DagsterInvalidInvocationError,
    DagsterInvalidMetadata,
    DagsterInvalidSubsetError,
    DagsterInvariantViolationError,
    DagsterUnknownPartitionError,
    SensorExecutionError,
    SensorTargetError,
)
from .execution_context import AssetExecutionContext, OpExecutionContext
from .jobs import JobDefinition, UnresolvedAssetJobDefinition, define_asset_job, job
from .materialize import materialize
from .metadata import MetadataValue
from .multi_assets import multi_asset
from .ops import OpDefinition, op
from .outputs import In, Nothing, Out
from .results import AssetMaterialization, AssetObservation, MaterializeResult, Output
from .retries import Backoff, Failure, Jitter, RetryPolicy, RetryRequested
from .run_config import RunConfig
from .run_request import RunRequest, SkipReason
from .sensor import sensor
from .sensor_context import SensorEvaluationContext, build_sensor_context
from .sensor_definition import SensorDefinition
from .sensor_result import SensorExecutionData, SensorResult

__all__ = [
    "AssetDep",
    "AssetExecutionContext",
    "AssetKey",
    "AssetMaterialization",
    "AssetObservation",
    "AssetOut",
    "AssetSelection",
    "AssetSpec",
    "AssetsDefinition",
    "Backoff",
    "CheckError",
    "Config",
    "DagsterError",
    "DagsterExecutionStepExecutionError",
    "DagsterInvalidConfigError",
    "DagsterInvalidDefinitionError",
    "DagsterInvalidInvocationError",
    "DagsterInvalidMetadata",
    "DagsterInvalidSubsetError",
    "DagsterInvariantViolationError",
    "DagsterUnknownPartitionError",
    "DefaultSensorStatus",
    "Definitions",
    "ExecuteInProcessResult",
    "Failure",
    "In",
    "Jitter",
    "JobDefinition",
    "MaterializeResult",
    "MetadataValue",
    "Nothing",
    "OpDefinition",
    "OpExecutionContext",
    "Out",
    "Output",
    "RetryPolicy",
    "RetryRequested",
    "RunConfig",
    "RunRequest",
    "SensorDefinition",
    "SensorEvaluationContext",
    "SensorExecutionData",
    "SensorExecutionError",
    "SensorResult",
    "SensorTargetError",
    "SensorType",
    "SkipReason",
    "UnresolvedAssetJobDefinition",
    "asset",
    "build_asset_context",
    "build_op_context",
    "build_sensor_context",
    "define_asset_job",
    "job",
    "materialize",
    "multi_asset",
    "op",
    "sensor",
]
