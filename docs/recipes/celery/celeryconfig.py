"""A broker that is a folder, so that the recipe runs as it is; elsewhere the URL of a real one."""

from pathlib import Path

folder = Path("queue")
folder.mkdir(exist_ok=True)

broker_url = "filesystem://"
broker_transport_options = {"data_folder_in": str(folder), "data_folder_out": str(folder)}
