"""The command line `onecity`: run, load, replay, measure, check, save and develop the platform."""
