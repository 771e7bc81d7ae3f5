"""The statements of `query`: figures by interval, from raw readings and from hourly roll-ups."""

HOUR_S = 3_600

# each works on partial figures: `n` readings, their sum, least, greatest, and the newest with its time
FUNCTIONS = {
    "mean": "sum(total) / sum(n)::float8",
    "avg": "sum(total) / sum(n)::float8",
    "min": "min(least)",
    "max": "max(greatest)",
    "count": "sum(n)::float8",
    "sum": "sum(total)",
    "last": "(array_agg(newest ORDER BY at DESC))[1]",
}

AGGREGATE = """
SELECT series_id, date_bin({width}, at AT TIME ZONE {zone}, timestamp '2000-01-01') AT TIME ZONE {zone} AS bucket, {columns}
FROM ({source}) AS parts GROUP BY 1, 2 ORDER BY 1, 2
"""

RAW = """
SELECT series_id, observed_at AS at, 1 AS n, value AS total, value AS least, value AS greatest, value AS newest
FROM telemetry_observation WHERE series_id = ANY({ids}) AND observed_at >= {start} AND observed_at < {end}
"""

# the roll-up of a day holds while nothing was stored in that day after it was made
ROLLED = """
SELECT r.series_id, r.hour AS at, r.readings AS n, r.total, r.minimum AS least, r.maximum AS greatest, r.newest
FROM telemetry_rollup r JOIN telemetry_day d ON d.day = (r.hour AT TIME ZONE 'UTC')::date
WHERE r.series_id = ANY({ids}) AND r.hour >= {start} AND r.hour < {end} AND d.rolled_up_at >= d.changed_at
UNION ALL
SELECT o.series_id, o.observed_at, 1, o.value, o.value, o.value, o.value
FROM (SELECT day FROM telemetry_day WHERE (rolled_up_at IS NULL OR rolled_up_at < changed_at)
        AND day >= ({start} AT TIME ZONE 'UTC')::date AND day <= ({end} AT TIME ZONE 'UTC')::date) AS open
JOIN telemetry_observation o ON o.observed_at >= open.day AT TIME ZONE 'UTC'
    AND o.observed_at < (open.day + 1) AT TIME ZONE 'UTC'
WHERE o.series_id = ANY({ids}) AND o.observed_at >= {start} AND o.observed_at < {end}
"""
