"""What people write sensors with: the names a Dagster sensor author knows."""

from .asset_key import AssetKey
from .asset_selection import AssetSelection
from .assets import AssetsDefinition, asset
from .config import Config
from .configurable_resource import ConfigurableResource
from .default_status import DefaultSensorStatus, SensorType
from .definitions import Definitions
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
from .ops import OpDefinition, op
from .resource_context import InitResourceContext
from .resource_definition import ResourceDefinition, resource
from .resource_parameters import ResourceParam
from .results import AssetMaterialization, AssetObservation, MaterializeResult, Output
from .run_config import RunConfig
from .run_request import RunRequest, SkipReason
from .sensor import sensor
from .sensor_context import SensorEvaluationContext, build_sensor_context
from .sensor_definition import SensorDefinition
from .sensor_result import SensorExecutionData, SensorResult

__all__ = [
    "AssetExecutionContext",
    "AssetKey",
    "AssetMaterialization",
    "AssetObservation",
    "AssetSelection",
    "AssetsDefinition",
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
    "DefaultSensorStatus",
    "Definitions",
    "EnvVar",
    "InitResourceContext",
    "JobDefinition",
    "MaterializeResult",
    "MetadataValue",
    "OpDefinition",
    "OpExecutionContext",
    "Output",
    "ResourceDefinition",
    "ResourceParam",
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
    "build_sensor_context",
    "define_asset_job",
    "job",
    "materialize",
    "op",
    "resource",
    "sensor",
]
