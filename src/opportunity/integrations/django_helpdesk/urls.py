"""Where the panel finds its script and its operations."""

from django.urls import path

from opportunity.integrations.django_helpdesk import views

app_name = "opportunity_helpdesk"

urlpatterns = [
    path("panel.js", views.script, name="script"),
    path("v1/taxonomy", views.staff_only("GET", views.taxonomy), name="taxonomy"),
    path("v1/suggest", views.staff_only("POST", views.suggest), name="suggest"),
    path("v1/check", views.staff_only("POST", views.check), name="check"),
    path("v1/feedback", views.staff_only("POST", views.feedback), name="feedback"),
]
