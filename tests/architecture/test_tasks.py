"""What the queue is told about tasks."""

from procrastinate.contrib.django import app


def test_no_task_holds_a_lock_of_the_queue() -> None:
    """The job of a worker that was killed stays “doing” and would keep all that follow from ever being taken up; what
    runs alone asks `core.alone`."""
    app.perform_import_paths()
    assert len(app.tasks) > 20
    assert [task.name for task in app.tasks.values() if task.lock] == []
