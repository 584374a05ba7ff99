"""What people write sensors with: the names a Dagster sensor author knows."""

from ..execution.in_process import ExecuteInProcessResult
from .asset_key import AssetKey
from .asset_selection import AssetSelection
from .asset_spec import AssetDep, AssetOut, AssetSpec
from .assets import AssetsDefinition, asset
from .config import Config
from .configurable_resource import ConfigurableResource
from .default_status import DefaultSensorStatus, SensorType
from .definitions import Definitions
from .direct_context import build_asset_context, build_op_context
from .dynamic_partitions import (
    AddDynamicPartitionsRequest,
    DeleteDynamicPartitionsRequest,
    DynamicPartitionsDefinition,
)
from .env_var import EnvVar
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
    DagsterResourceFunctionError,
    DagsterUnknownPartitionError,
    SensorExecutionError,
    SensorTargetError,
)
from .execution_context import AssetExecutionContext, OpExecutionContext
from .jobs import JobDefinition, UnresolvedAssetJobDefinition, define_asset_job, job
from .materialize import materialize
from .metadata import MetadataValue
from .multi_assets import multi_asset
from .multi_partitions import MultiPartitionKey, MultiPartitionsDefinition
from .ops import OpDefinition, op
from .outputs import In, Nothing, Out
from .partitioned_config import (
    PartitionedConfig,
    daily_partitioned_config,
    hourly_partitioned_config,
    monthly_partitioned_config,
    static_partitioned_config,
    weekly_partitioned_config,
)
from .partitions import PartitionKeyRange, PartitionsDefinition, StaticPartitionsDefinition
from .resource_context import InitResourceContext
from .resource_definition import ResourceDefinition, resource
from .resource_parameters import ResourceParam
from .results import AssetMaterialization, AssetObservation, MaterializeResult, Output
from .retries import Backoff, Failure, Jitter, RetryPolicy, RetryRequested
from .run_config import RunConfig
from .run_request import RunRequest, SkipReason
from .sensor import sensor
from .sensor_context import SensorEvaluationContext, build_sensor_context
from .sensor_definition import SensorDefinition
from .sensor_result import SensorExecutionData, SensorResult
from .time_partitions import (
    DailyPartitionsDefinition,
    HourlyPartitionsDefinition,
    MonthlyPartitionsDefinition,
    TimeWindow,
    WeeklyPartitionsDefinition,
)

__all__ = [
    "AddDynamicPartitionsRequest",
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
    "ConfigurableResource",
    "DagsterError",
    "DagsterExecutionStepExecutionError",
    "DagsterInvalidConfigError",
    "DagsterInvalidDefinitionError",
    "DagsterInvalidInvocationError",
    "DagsterInvalidMetadata",
    "DagsterInvalidSubsetError",
    "DagsterInvariantViolationError",
    "DagsterResourceFunctionError",
    "DagsterUnknownPartitionError",
    "DailyPartitionsDefinition",
    "DefaultSensorStatus",
    "Definitions",
    "DeleteDynamicPartitionsRequest",
    "DynamicPartitionsDefinition",
    "EnvVar",
    "ExecuteInProcessResult",
    "Failure",
    "HourlyPartitionsDefinition",
    "In",
    "InitResourceContext",
    "Jitter",
    "JobDefinition",
    "MaterializeResult",
    "MetadataValue",
    "MonthlyPartitionsDefinition",
    "MultiPartitionKey",
    "MultiPartitionsDefinition",
    "Nothing",
    "OpDefinition",
    "OpExecutionContext",
    "Out",
    "Output",
    "PartitionKeyRange",
    "PartitionedConfig",
    "PartitionsDefinition",
    "ResourceDefinition",
    "ResourceParam",
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
    "StaticPartitionsDefinition",
    "TimeWindow",
    "UnresolvedAssetJobDefinition",
    "WeeklyPartitionsDefinition",
    "asset",
    "build_asset_context",
    "build_op_context",
    "build_sensor_context",
    "daily_partitioned_config",
    "define_asset_job",
    "hourly_partitioned_config",
    "job",
    "materialize",
    "monthly_partitioned_config",
    "multi_asset",
    "op",
    "resource",
    "sensor",
    "static_partitioned_config",
    "weekly_partitioned_config",
]
