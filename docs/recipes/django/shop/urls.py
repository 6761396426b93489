"""The pages."""

import logging

from django.http import HttpRequest, HttpResponse
from django.urls import path

logger = logging.getLogger(__name__)


def order(_request: HttpRequest, number: int) -> HttpResponse:
    """Show an order."""
    logger.info("order %d shown", number, extra={"order": number})
    return HttpResponse(f"order {number}")


urlpatterns = [path("orders/<int:number>", order)]
