"""The statements of `query`: figures by bucket, from raw readings and from hourly roll-ups."""

# `of` names columns: what a bucket holds is the same whether readings or their hourly sums are gathered
GATHER = """
SELECT series_id, {bucket} AS bucket, sum({readings})::int8, sum({total}), min({minimum}), max({maximum}), {newest}
FROM {table} WHERE {which} GROUP BY 1, 2
"""
NEWEST = "(array_agg({newest} ORDER BY {at} DESC))[1]"

RAW = {
    "table": "telemetry_observation",
    "at": "observed_at",
    "readings": "1",
    "total": "value",
    "minimum": "value",
    "maximum": "value",
    "newest": "value",
}
ROLLED = {
    "table": "telemetry_rollup",
    "at": "hour",
    "readings": "readings",
    "total": "total",
    "minimum": "minimum",
    "maximum": "maximum",
    "newest": "newest",
}

# of a day that still grows: its hourly sums, and what was stored since they were made, which stands behind a place
GATHER_PART = """
SELECT series_id, {bucket} AS bucket, sum(readings)::int8, sum(total), min(minimum), max(maximum), {newest}
FROM (
    SELECT series_id, hour AS at, readings, total, minimum, maximum, newest, newest_at
    FROM telemetry_rollup WHERE {hours}
    UNION ALL
    SELECT series_id, observed_at, 1, value, value, value, value, observed_at
    FROM telemetry_observation WHERE {which} AND ctid > {behind}
) AS both_parts GROUP BY 1, 2
"""
PART = "SELECT behind::text, made_at FROM telemetry_part({day})"

# the days whose roll-up does not hold: something was stored in them after it was made, or it never was
OPEN_DAYS = """
SELECT (extract(epoch FROM day) * 1000000)::int8, part_relation IS NOT NULL FROM telemetry_day
WHERE (rolled_up_at IS NULL OR rolled_up_at < changed_at)
  AND day >= ({start} AT TIME ZONE 'UTC')::date AND day <= ({end} AT TIME ZONE 'UTC')::date
ORDER BY day
"""

# rows of a query as arrays of thousands: each row that is sent costs more than what it holds
BLOCKS = """
SELECT {arrays} FROM (
    SELECT *, (row_number() OVER () - 1) / 4096 AS block FROM ({query}) AS found({names})
) AS numbered GROUP BY block
"""
