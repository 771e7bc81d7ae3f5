"""Codecs of real devices, with the messages that their makers' manuals explain."""

from typing import Any

# Dragino LHT65 user manual, 2.4: uplink CBF60B0D0376010ADD7FFF
LHT65: dict[str, Any] = {
    "name": "dragino-lht65",
    "format": "binary",
    "messages": [
        {
            "when": {"port": 2},
            "fields": [
                {"attribute": "battery", "offset": 0, "type": "uint16", "bits": [0, 14], "scale": 0.001, "unit": "V"},
                {"attribute": "temperature", "offset": 2, "type": "int16", "scale": 0.01, "unit": "Cel"},
                {"attribute": "humidity", "offset": 4, "type": "uint16", "scale": 0.1, "unit": "%"},
                {
                    "attribute": "temperature_outside",
                    "offset": 7,
                    "type": "int16",
                    "scale": 0.01,
                    "unit": "Cel",
                    "invalid": [32767],
                    "when": {"offset": 6, "mask": 15, "equals": 1},
                },
            ],
        },
        {"when": {"port": 5}, "ignore": True},
    ],
    "tests": [
        {
            "name": "manual",
            "hex": "CBF60B0D0376010ADD7FFF",
            "port": 2,
            "received_at": "2026-03-01T00:00:00Z",
            "readings": [
                {"attribute": "battery", "value": 3.062, "observed_at": "2026-03-01T00:00:00Z"},
                {"attribute": "temperature", "value": 28.29, "unit": "Cel"},
                {"attribute": "humidity", "value": 88.6},
                {"attribute": "temperature_outside", "value": 27.81},
            ],
        },
        {"name": "no probe", "hex": "CBF6FF9C0376017FFF7FFF", "port": 2, "readings": [
            {"attribute": "battery", "value": 3.062}, {"attribute": "temperature", "value": -1.0},
            {"attribute": "humidity", "value": 88.6}]},
        {"name": "configuration", "hex": "0B", "port": 5},
        {"name": "cut off", "hex": "CBF60B", "port": 2, "fails": True},
        {"name": "another port", "hex": "CBF60B0D0376010ADD7FFF", "port": 9, "fails": True},
    ],
}  # fmt: skip

# Milesight EM300-TH user guide, 5.1: channel, type, little-endian data
EM300: dict[str, Any] = {
    "name": "milesight-em300-th",
    "format": "binary",
    "messages": [
        {
            "records": {
                "kinds": [
                    {"starts": "0175", "size": 1, "fields": [{"attribute": "battery_level", "offset": 0, "unit": "%"}]},
                    {"starts": "0367", "size": 2, "fields": [
                        {"attribute": "temperature", "offset": 0, "type": "int16", "order": "little", "scale": 0.1}]},
                    {"starts": "0468", "size": 1, "fields": [{"attribute": "humidity", "offset": 0, "scale": 0.5}]},
                    {"starts": "2064", "size": 7, "fields": []},
                ]
            }
        }
    ],
    "tests": [
        {"hex": "01755C 03673401 046865", "readings": [
            {"attribute": "battery_level", "value": 92}, {"attribute": "temperature", "value": 30.8},
            {"attribute": "humidity", "value": 50.5}]},
        {"hex": "03673401 0999", "fails": True},
        {"hex": "03673401 0468", "fails": True},
    ],
}  # fmt: skip

# HJ 212-2017, annex A: real-time values of a sewage outlet as pairs, times in local time
HJ212: dict[str, Any] = {
    "name": "hj212-water",
    "format": "pairs",
    "separators": ";,&",
    "messages": [
        {
            "when": {"path": "CN", "equals": "2011"},
            "observed_at": {"path": "DataTime", "layout": "%Y%m%d%H%M%S", "zone": "+08:00"},
            "fields": [
                {"attribute": "flow", "path": "w00000-Rtd", "unit": "L/s"},
                {
                    "attribute": "cod",
                    "path": "w01018-Rtd",
                    "unit": "mg/L",
                    "when": {"path": "w01018-Flag", "equals": "N"},
                },
                {"attribute": "ammonia", "path": "w21003-Rtd", "unit": "mg/L", "optional": True},
            ],
        }
    ],
    "tests": [
        {
            "text": "##0186QN=20160801085857223;ST=32;CN=2011;PW=123456;MN=010000A8900016F000169DC0;Flag=5;"
            "CP=&&DataTime=20160801085857;w00000-Rtd=2.5,w00000-Flag=N;w01018-Rtd=30.1,w01018-Flag=D&&1C80\r\n",
            "readings": [{"attribute": "flow", "value": 2.5, "observed_at": "2016-08-01T00:58:57Z"}],
        }
    ],
}

STATION: dict[str, Any] = {
    "name": "gateway-json",
    "format": "json",
    "messages": [
        {
            "when": {"path": "kind", "equals": "values"},
            "observed_at": {"path": "ts", "unit": "ms"},
            "fields": [
                {"attribute": "door_open", "path": "state.door", "lookup": {"open": 1, "closed": 0}},
                {"attribute": "voltage", "path": "power[0].u", "unit": "V", "optional": True},
            ],
            "records": {
                "path": "sensors",
                "step": -60,
                "fields": [
                    {"path": "v", "attribute_path": "id", "attributes": {"PM2.5": "pm2_5", "PM10": "pm10"}},
                    {"path": "raw", "attribute": "raw_{n}", "optional": True},
                ],
            },
        }
    ],
    "tests": [
        {
            "json": {
                "kind": "values",
                "ts": 1772323200000,
                "state": {"door": "open"},
                "sensors": [{"id": "PM2.5", "v": "35.5"}, {"id": "PM10", "v": 61, "raw": 7}, {"id": "X", "v": None}],
            },
            "readings": [
                {"attribute": "door_open", "value": 1, "observed_at": "2026-03-01T00:00:00Z"},
                {"attribute": "pm2_5", "value": 35.5, "observed_at": "2026-03-01T00:00:00Z"},
                {"attribute": "pm10", "value": 61, "observed_at": "2026-02-28T23:59:00Z"},
                {"attribute": "raw_2", "value": 7, "observed_at": "2026-02-28T23:59:00Z"},
            ],
        },
        {"json": {"kind": "values", "ts": 0, "state": {"door": "ajar"}, "sensors": []}, "fails": True},
        {"json": {"kind": "other"}, "fails": True},
    ],
}
ALL = (LHT65, EM300, HJ212, STATION)
