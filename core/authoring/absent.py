"""Names of Dagster's that are not here yet, and what does the job meanwhile."""

from __future__ import annotations

from collections.abc import Iterator

#: Paragraphs of names, each with what to use instead of them.
_TEXT = """
make_email_on_run_failure_sensor
-> send the mail in the function of a @run_failure_sensor

DagsterInstance instance_for_test DagsterRun DagsterRunStatus RunsFilter RunRecord
AssetRecordsFilter EventRecordsFilter DagsterEvent DagsterEventType EventLogEntry EventLogRecord
-> read `ticktrail run list --json` and `ticktrail log --json`; in tests
   build_sensor_context(instance=...) takes any object

DynamicPartitionsDefinition AddDynamicPartitionsRequest DeleteDynamicPartitionsRequest
dynamic_partitioned_config
-> say in run_config what a run is about, and ask for each under a run key of its own

TimeWindowPartitionsDefinition
-> use HourlyPartitionsDefinition, DailyPartitionsDefinition, WeeklyPartitionsDefinition or
   MonthlyPartitionsDefinition

PartitionMapping BackfillPolicy
-> name what comes before in deps=, and ask for each partition in a run of its own

ResourceDependency ConfigurableResourceFactory resources with_resources make_values_resource
build_resources build_init_resource_context
-> write a ConfigurableResource or a function under @resource, and give it to
   Definitions(resources={...}), materialize(resources=...) or build_sensor_context(resources=...)

StringSource IntSource BoolSource
-> give EnvVar("NAME") to a field of a ConfigurableResource

AutomationCondition AutomationConditionSensorDefinition AutoMaterializePolicy FreshnessPolicy
build_sensor_for_freshness_checks
-> write a @sensor that asks for the assets

asset_check multi_asset_check AssetCheckResult AssetCheckSpec AssetCheckKey AssetCheckEvaluation
AssetCheckSeverity AssetChecksDefinition AssetCheckExecutionContext
-> raise in the asset's function, or note what was found in MaterializeResult(metadata=...)

graph_asset graph_multi_asset observable_source_asset AssetIn SourceAsset ObserveResult
-> write an @asset or a @multi_asset, tell of assets made elsewhere with an AssetSpec, and name in
   deps= what comes before

graph GraphDefinition GraphIn GraphOut DynamicOut DynamicOutput DagsterType
-> wire ops in a @job: their parameters are their inputs, out= names their outputs

in_process_executor multiprocess_executor multi_or_in_process_executor Executor ExecutorDefinition
executor IOManager IOManagerDefinition ConfigurableIOManager io_manager fs_io_manager mem_io_manager
FilesystemIOManager InMemoryIOManager InputContext OutputContext logger LoggerDefinition
-> leave it out: the steps of a run follow each other in the run's own process and hand values over in
   memory; what an asset returns is also pickled into the home's storage folder for later runs

success_hook failure_hook HookContext HookDefinition
-> do at the end of the step's function what is to follow it, or in its except clause

load_assets_from_modules load_assets_from_current_module load_assets_from_package_module
load_assets_from_package_name load_definitions_from_module load_definitions_from_modules load_defs
definitions repository RepositoryDefinition
-> list assets, jobs and sensors in one Definitions(...)

materialize_to_memory
-> use materialize([...]), which stores nothing and whose result has asset_value()

Field Shape Permissive PermissiveConfig Selector Noneable Array Map Enum EnumValue ConfigMapping
config_mapping configured
-> write a Config class; config_schema takes plain types, dicts and lists of them

TextMetadataValue IntMetadataValue FloatMetadataValue BoolMetadataValue PathMetadataValue
UrlMetadataValue MarkdownMetadataValue JsonMetadataValue NullMetadataValue DagsterAssetMetadataValue
-> use MetadataValue.text(...), .int(...), .path(...), .url(...), .md(...), .json(...)

get_dagster_logger DagsterLogManager
-> use context.log, or the logging module

validate_run_config
-> use Definitions.get_job_def(name).validate_run_config(...)
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
