-- What FrameRecorder creates once and calls for each append; the names are filled in by it.
CREATE OR REPLACE FUNCTION {function}(ids uuid[], versions bigint[], topics text[], states bytea[])
RETURNS SETOF bigint LANGUAGE plpgsql AS $BODY$
BEGIN
    SET LOCAL lock_timeout = {lock_timeout};
    LOCK TABLE {table} IN EXCLUSIVE MODE;
    NOTIFY {channel};
    -- A number is taken for good, although the frame that had it may be archived and no row any more.
    IF EXISTS (SELECT FROM {table} WHERE originator_id = ids[1] AND originator_version >= versions[1]) THEN
        RAISE unique_violation USING MESSAGE = 'another writer was first';
    END IF;
    RETURN QUERY
        INSERT INTO {table} (originator_id, originator_version, topic, state)
        SELECT * FROM unnest(ids, versions, topics, states)
        RETURNING notification_id;
END
$BODY$
