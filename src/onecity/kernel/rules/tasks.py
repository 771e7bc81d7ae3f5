"""Background work of the rules: baselines, looked after every ten minutes, learnt once a day; the end of old alerts."""

from procrastinate.contrib.django import app

from onecity.kernel.rules import forgetting, learning


@app.periodic(cron="*/10 * * * *")
@app.task(name="rules.learn_baselines", queueing_lock="rules.learn_baselines", lock="rules.learn_baselines")
def learn_baselines(timestamp: int = 0) -> int:  # noqa: ARG001 - the scheduler passes it
    """Learn the baselines that are missing or a day old."""
    return learning.learn_due()


@app.periodic(cron="47 3 * * *")
@app.task(name="rules.forget", queueing_lock="rules.forget")
def forget(timestamp: int = 0) -> int:  # noqa: ARG001 - same
    """Remove alerts that were over long ago."""
    return forgetting.forget()
