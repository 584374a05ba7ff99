"""What people write sensors with: the names a Dagster sensor author knows."""

from ..execution.in_process_result import ExecuteInProcessResult
from ..records import (
    AssetEntry,
    AssetRecord,
    AssetRecordsFilter,
    DagsterEvent,
    DagsterEventType,
    DagsterRun,
    DagsterRunStatus,
    EventLogEntry,
    EventLogRecord,
    EventRecordsFilter,
    EventRecordsResult,
    RunRecord,
    RunsFilter,
    RunStatusChangeRecordsFilter,
)
from .asset_key import AssetKey
from .asset_selection import AssetSelection
from .asset_sensor import AssetSensorDefinition, asset_sensor
from .asset_spec import AssetDep, AssetOut, AssetSpec
from .assets import AssetsDefinition, asset
from .config import Config
from .configurable_resource import ConfigurableResource
from .default_status import DefaultScheduleStatus, DefaultSensorStatus, SensorType
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
from .gathering import (
    load_assets_from_current_module,
    load_assets_from_modules,
    load_definitions_from_current_module,
    load_definitions_from_module,
    load_definitions_from_modules,
)
from .job_selectors import CodeLocationSelector, JobSelector, RepositorySelector
from .jobs import JobDefinition, UnresolvedAssetJobDefinition, define_asset_job, job
from .lazy_definitions import LazyDefinitions, definitions
from .materialize import materialize, materialize_to_memory
from .metadata import MetadataValue
from .multi_asset_context import MultiAssetSensorEvaluationContext, build_multi_asset_sensor_context
from .multi_asset_sensor import MultiAssetSensorDefinition, multi_asset_sensor
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
from .partitioned_schedule import build_schedule_from_partitioned_job
from .partitions import PartitionKeyRange, PartitionsDefinition, StaticPartitionsDefinition
from .resource_context import InitResourceContext
from .resource_definition import ResourceDefinition, resource
from .resource_parameters import ResourceParam
from .results import AssetMaterialization, AssetObservation, MaterializeResult, Output
from .retries import Backoff, Failure, Jitter, RetryPolicy, RetryRequested
from .run_config import RunConfig
from .run_key_policy import RunKeyPolicy
from .run_request import RunRequest, SkipReason
from .run_status_context import (
    RunFailureSensorContext,
    RunStatusSensorContext,
    build_run_status_sensor_context,
)
from .run_status_sensor import RunStatusSensorDefinition, run_failure_sensor, run_status_sensor
from .schedule import schedule
from .schedule_context import ScheduleEvaluationContext, build_schedule_context
from .schedule_definition import ScheduleDefinition
from .sensor import sensor
from .sensor_context import SensorEvaluationContext, build_sensor_context
from .sensor_definition import SensorDefinition
from .sensor_limits import SensorLimits
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
    "AssetEntry",
    "AssetExecutionContext",
    "AssetKey",
    "AssetMaterialization",
    "AssetObservation",
    "AssetOut",
    "AssetRecord",
    "AssetRecordsFilter",
    "AssetSelection",
    "AssetSensorDefinition",
    "AssetSpec",
    "AssetsDefinition",
    "Backoff",
    "CheckError",
    "CodeLocationSelector",
    "Config",
    "ConfigurableResource",
    "DagsterError",
    "DagsterEvent",
    "DagsterEventType",
    "DagsterExecutionStepExecutionError",
    "DagsterInvalidConfigError",
    "DagsterInvalidDefinitionError",
    "DagsterInvalidInvocationError",
    "DagsterInvalidMetadata",
    "DagsterInvalidSubsetError",
    "DagsterInvariantViolationError",
    "DagsterResourceFunctionError",
    "DagsterRun",
    "DagsterRunStatus",
    "DagsterUnknownPartitionError",
    "DailyPartitionsDefinition",
    "DefaultScheduleStatus",
    "DefaultSensorStatus",
    "Definitions",
    "DeleteDynamicPartitionsRequest",
    "DynamicPartitionsDefinition",
    "EnvVar",
    "EventLogEntry",
    "EventLogRecord",
    "EventRecordsFilter",
    "EventRecordsResult",
    "ExecuteInProcessResult",
    "Failure",
    "HourlyPartitionsDefinition",
    "In",
    "InitResourceContext",
    "Jitter",
    "JobDefinition",
    "JobSelector",
    "LazyDefinitions",
    "MaterializeResult",
    "MetadataValue",
    "MonthlyPartitionsDefinition",
    "MultiAssetSensorDefinition",
    "MultiAssetSensorEvaluationContext",
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
    "RepositorySelector",
    "ResourceDefinition",
    "ResourceParam",
    "RetryPolicy",
    "RetryRequested",
    "RunConfig",
    "RunFailureSensorContext",
    "RunKeyPolicy",
    "RunRecord",
    "RunRequest",
    "RunStatusChangeRecordsFilter",
    "RunStatusSensorContext",
    "RunStatusSensorDefinition",
    "RunsFilter",
    "ScheduleDefinition",
    "ScheduleEvaluationContext",
    "SensorDefinition",
    "SensorEvaluationContext",
    "SensorExecutionData",
    "SensorExecutionError",
    "SensorLimits",
    "SensorResult",
    "SensorTargetError",
    "SensorType",
    "SkipReason",
    "StaticPartitionsDefinition",
    "TimeWindow",
    "UnresolvedAssetJobDefinition",
    "WeeklyPartitionsDefinition",
    "asset",
    "asset_sensor",
    "build_asset_context",
    "build_multi_asset_sensor_context",
    "build_op_context",
    "build_run_status_sensor_context",
    "build_schedule_context",
    "build_schedule_from_partitioned_job",
    "build_sensor_context",
    "daily_partitioned_config",
    "define_asset_job",
    "definitions",
    "hourly_partitioned_config",
    "job",
    "load_assets_from_current_module",
    "load_assets_from_modules",
    "load_definitions_from_current_module",
    "load_definitions_from_module",
    "load_definitions_from_modules",
    "materialize",
    "materialize_to_memory",
    "monthly_partitioned_config",
    "multi_asset",
    "multi_asset_sensor",
    "op",
    "resource",
    "run_failure_sensor",
    "run_status_sensor",
    "schedule",
    "sensor",
    "static_partitioned_config",
    "weekly_partitioned_config",
]
