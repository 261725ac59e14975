"""A Flask application that answers ``POST /complaints`` with the suggestion."""

from flask import Flask, Response, jsonify, request

import opportunity

app = Flask(__name__)
app.config["MAX_CONTENT_LENGTH"] = 2**20
triage = opportunity.load()


@app.post("/complaints")
def read_complaint() -> Response:
    """Suggest for the message in the body."""
    return jsonify(triage(request.get_data()).to_dict())
