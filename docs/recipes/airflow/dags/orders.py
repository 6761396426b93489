import logging

from airflow.sdk import dag, task

logger = logging.getLogger("shop")


@dag(schedule=None)
def orders() -> None:
    @task
    def charge() -> None:
        logger.info("order %d charged", 17)
        print("receipt printed")

    charge()


orders()
