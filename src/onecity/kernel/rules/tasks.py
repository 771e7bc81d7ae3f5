"""Background work of the rules: baselines, looked after every ten minutes, learnt once a day."""

from procrastinate.contrib.django import app

from onecity.kernel.rules import learning


@app.periodic(cron="*/10 * * * *")
@app.task(name="rules.learn_baselines", queueing_lock="rules.learn_baselines", lock="rules.learn_baselines")
def learn_baselines(timestamp: int = 0) -> int:  # noqa: ARG001 - the scheduler passes it
    """Learn the baselines that are missing or a day old."""
    return learning.learn_due()
