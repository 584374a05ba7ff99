"""Names of Dagster's that are not here yet, and what does the job meanwhile."""

from __future__ import annotations

from collections.abc import Iterator

#: Paragraphs of names, each with what to use instead of them.
_TEXT = """
make_email_on_run_failure_sensor
-> send the mail in the function of a @run_failure_sensor

dynamic_partitioned_config
-> give PartitionedConfig(DynamicPartitionsDefinition(name=...), run_config_for_partition_key_fn=...)

TimeWindowPartitionsDefinition
-> use HourlyPartitionsDefinition, DailyPartitionsDefinition, WeeklyPartitionsDefinition or
   MonthlyPartitionsDefinition

PartitionMapping BackfillPolicy AllPartitionMapping IdentityPartitionMapping LastPartitionMapping
DimensionPartitionMapping MultiPartitionMapping MultiToSingleDimensionPartitionMapping
SpecificPartitionsPartitionMapping StaticPartitionMapping TimeWindowPartitionMapping
-> name what comes before in deps=, and ask for each partition in a run of its own

ResourceDependency ConfigurableResourceFactory resources with_resources make_values_resource
build_resources build_init_resource_context
-> write a ConfigurableResource or a function under @resource, and give it to
   Definitions(resources={...}), materialize(resources=...) or build_sensor_context(resources=...)

StringSource IntSource BoolSource
-> give EnvVar("NAME") to a field of a ConfigurableResource

AutomationCondition AutomationConditionSensorDefinition AutoMaterializePolicy FreshnessPolicy
build_sensor_for_freshness_checks AutomationContext AutomationResult AutoMaterializeRule
AutoMaterializeAssetPartitionsFilter EvaluateAutomationConditionsResult
evaluate_automation_conditions LegacyFreshnessPolicy apply_freshness_policy
-> write a @sensor that asks for the assets

asset_check multi_asset_check AssetCheckResult AssetCheckSpec AssetCheckKey AssetCheckEvaluation
AssetCheckSeverity AssetChecksDefinition AssetCheckExecutionContext ResolvedAssetCheckSpec
AssetOrCheckKey build_asset_check_context build_last_update_freshness_checks
build_time_partition_freshness_checks build_metadata_bounds_checks build_column_schema_change_checks
load_asset_checks_from_modules load_asset_checks_from_current_module
load_asset_checks_from_package_module load_asset_checks_from_package_name ExpectationResult
-> raise in the asset's function, or note what was found in MaterializeResult(metadata=...)

graph_asset graph_multi_asset observable_source_asset AssetIn SourceAsset ObserveResult
multi_observable_source_asset
-> write an @asset or a @multi_asset, tell of assets made elsewhere with an AssetSpec, and name in
   deps= what comes before

graph GraphDefinition GraphIn GraphOut DynamicOut DynamicOutput InputMapping OutputMapping
DependencyDefinition MultiDependencyDefinition NodeInvocation PendingNodeInvocation
-> wire ops in a @job: their parameters are their inputs, out= names their outputs

in_process_executor multiprocess_executor multi_or_in_process_executor Executor ExecutorDefinition
executor IOManager IOManagerDefinition ConfigurableIOManager io_manager fs_io_manager mem_io_manager
FilesystemIOManager InMemoryIOManager InputContext OutputContext ExecutorRequirement
multiple_process_executor_requirements InitExecutorContext InputManager InputManagerDefinition
input_manager ConfigurableIOManagerFactory ConfigurableLegacyIOManagerAdapter UPathIOManager
custom_path_fs_io_manager build_input_context build_output_context AssetValueLoader
MigrateIOStorageResult migrate_io_storage
-> leave it out: the steps of a run follow each other in the run's own process and hand values over
   in memory; what an asset returns is also pickled into the home's storage folder for later runs

success_hook failure_hook HookContext HookDefinition HookExecutionResult build_hook_context
-> do at the end of the step's function what is to follow it, or in its except clause

load_defs
-> use load_definitions_from_package_module(...)

repository RepositoryDefinition RepositoryData BindResourcesToJobs
create_repository_using_definitions_args
-> list assets, jobs and sensors in one Definitions(...)

Field Shape Permissive PermissiveConfig Selector Noneable Array Map Enum EnumValue ConfigMapping
config_mapping configured ConfigSchema ScalarUnion
-> write a Config class; config_schema takes plain types, dicts and lists of them

TextMetadataValue IntMetadataValue FloatMetadataValue BoolMetadataValue PathMetadataValue
UrlMetadataValue MarkdownMetadataValue JsonMetadataValue NullMetadataValue DagsterAssetMetadataValue
TimestampMetadataValue DagsterRunMetadataValue DagsterJobMetadataValue PoolMetadataValue
PythonArtifactMetadataValue MetadataEntry
-> use MetadataValue.text(...), .int(...), .path(...), .url(...), .md(...), .json(...)

get_dagster_logger DagsterLogManager InitLoggerContext build_init_logger_context
colored_console_logger json_console_logger JsonLogFormatter default_loggers default_system_loggers
logger LoggerDefinition
-> use context.log, or the logging module

validate_run_config
-> use Definitions.get_job_def(name).validate_run_config(...)

partitioned_config
-> use PartitionedConfig(...), or the decorator for static, hourly, daily, weekly or monthly
   partitions

Partition partition_loading_context AssetPartitionStatus
-> a partition is its key: use get_partition_keys(current_time=...) of the partitions definition

DagsterType PythonObjectDagsterType DagsterTypeLoader DagsterTypeLoaderContext dagster_type_loader
usable_as_dagster_type make_python_type_usable_as_dagster_type check_dagster_type TypeCheck
TypeCheckContext String Int Float Bool Any List Optional Dict Set Tuple
-> annotate with Python's own types; those in a Config class are checked, those of steps are not

TableMetadataValue TableSchemaMetadataValue TableColumnLineageMetadataValue TableRecord TableSchema
TableColumn TableColumnConstraints TableConstraints TableColumnDep TableColumnLineage
-> use MetadataValue.json(...) with the rows or columns, or MetadataValue.md(...)

NotebookMetadataValue CodeReferencesMetadataValue LocalFileCodeReference UrlCodeReference
AnchorBasedFilePathMapping FilePathMapping link_code_references_to_git with_source_code_references
-> use MetadataValue.path(...) or .url(...)

DataVersion DataProvenance DataVersionsByPartition
-> note what identifies the data in metadata; code_version is kept with the asset

map_asset_specs ResolvedAssetSpec ResolvedAssetKey AssetJobKey
-> give each asset and AssetSpec what is to hold for it when it is made

execute_job reconstructable build_reconstructable_job ReexecutionOptions JobExecutionResult
-> use JobDefinition.execute_in_process(...), or `ticktrail run launch JOB`

StepLauncher StepRunRef StepExecutionContext run_step_from_ref step_context_to_step_run_ref
step_run_ref_to_step_context external_instance_from_step_run_ref
-> leave it out: steps run in the run's own process

DefaultRunLauncher QueuedRunCoordinator SubmitRunContext MAX_RUNTIME_SECONDS_TAG
-> leave it out: runs wait for their turn under `ticktrail dev --max-runs N`

RunShardedEventsCursor PaginatedResults
-> read `ticktrail log --json` and `ticktrail run list --json`

FileHandle LocalFileHandle local_file_manager
-> write the file yourself, and return its path

file_relative_path
-> use Path(__file__).parent / NAME

config_from_files config_from_yaml_strings config_from_pkg_resources
-> read the file yourself: run config is a dict

DagsterConfigMappingFunctionError DagsterEventLogInvalidForRun DagsterExecutionInterruptedError
DagsterExecutionStepNotFoundError DagsterInvalidConfigDefinitionError DagsterRunNotFoundError
DagsterStepOutputNotFoundError DagsterSubprocessError DagsterTypeCheckDidNotPass
DagsterTypeCheckError DagsterUnknownResourceError DagsterUnmetExecutorRequirementsError
DagsterUserCodeExecutionError raise_execution_interrupts
-> catch DagsterError, or what the function itself raises, which comes as it is

BetaWarning PreviewWarning SupersessionWarning ConfigArgumentWarning deprecation_warning
-> leave it out: no such warnings are given

PipesClient PipesClientCompletedInvocation PipesContextInjector PipesMessageReader PipesLaunchedData
PipesMessageHandler PipesSession PipesSubprocessClient PipesBlobStoreMessageReader
PipesCompositeMessageReader PipesEnvContextInjector PipesFileContextInjector PipesFileMessageReader
PipesLogReader PipesTempFileContextInjector PipesTempFileMessageReader PipesExecutionResult
open_pipes_session
-> start the other program with subprocess in the step's function, and return what it wrote in
   MaterializeResult(metadata=...)

Component ComponentTypeSpec ComponentTree ComponentLoadContext ComponentFormConfig
StateBackedComponent DefinitionsComponent DefsFolderComponent FunctionComponent
PythonScriptComponent UvRunComponent SqlComponent TemplatedSqlComponent component_instance
component_defs scaffold_component scaffold_with ScaffoldRequest Scaffolder template_var
build_component_defs build_defs_for_component load_from_defs_folder
get_all_components_defs_within_project get_component_defs_within_project Resolvable
ResolutionContext Resolver Injected Model AssetAttributesModel UPathDefsStateStorage
-> write a function that returns Definitions, and Definitions.merge(...) what it returns

DagsterLibraryRegistry IAttachDifferentObjectToOpContext SensorReturnTypesUnion serialize_value
deserialize_value
-> leave it out: it is of use inside of Dagster alone
"""


def _read(text: str) -> Iterator[tuple[str, str]]:
    for paragraph in text.strip().split("\n\n"):
        names, _, instead = paragraph.partition("->")
        for name in names.split():
            yield name, " ".join(instead.split())


#: For each name of Dagster's that is known to be missing: what to use instead, for people.
ABSENT = dict(_read(_TEXT))


def absent(package: str, name: str) -> AttributeError:
    """Return the error for asking *package* for *name*, which it does not have."""
    instead = ABSENT.get(name)
    if instead is None:
        return AttributeError(f"module {package!r} has no attribute {name!r}", name=name)
    return AttributeError(f"{package} has no {name} yet: {instead}", name=name)
