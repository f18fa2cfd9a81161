"""The server behind the faults: routes of the chosen shape, keys, context, error bodies."""

import toy_model
import toy_tokenizer
from http_message import Answer
from llama_answers import LlamaAnswers, props
from toy_answers import CREATED, ChatAnswers, LegacyAnswers, RequestError

SHAPES = ("vllm", "llama", "topk", "chat", "text")
MOST_TOP = {"vllm": 20, "llama": 0, "topk": 5, "chat": 20, "text": 20}
ECHO = {"vllm": "answer", "llama": "refuse", "topk": "refuse", "chat": "ignore", "text": "ignore"}


class Engine:
    def __init__(self, options):
        self.shape, self.name, self.context = options.shape, options.name, options.context
        self.tokenizer = toy_tokenizer.read(options.tokenizer) if options.tokenizer else toy_tokenizer.made_of_words()
        favoured = [self.tokenizer.encode(word)[0] for word in options.favour.split(",") if word]
        self.model = toy_model.Model(self.tokenizer, options.seed, favoured)
        self.most_top = MOST_TOP[self.shape]
        self.echo = options.echo or ECHO[self.shape]
        self.fingerprint = options.fingerprint
        # OpenAI shows values after the bias, vLLM and llama.cpp before it.
        after = options.bias_values or ("after" if self.shape in ("topk", "chat") else "before")
        self.biased_values = after == "after"
        self._key = options.api_key
        self._posts, self._gets = self._routes()

    def _routes(self):
        legacy = LegacyAnswers(self)
        chat = ChatAnswers(self)
        llama = LlamaAnswers(self)
        posts = {"vllm": {"/v1/completions": legacy.answer, "/v1/chat/completions": chat.answer},
                 "llama": {"/v1/completions": llama.completions, "/completions": llama.native,
                           "/completion": llama.native, "/v1/chat/completions": llama.chat},
                 "topk": {"/v1/completions": legacy.answer},
                 "chat": {"/v1/chat/completions": chat.answer},
                 "text": {"/v1/completions": legacy.answer, "/v1/chat/completions": chat.answer}}[self.shape]
        gets = {"/health": lambda: {"status": "ok"}, "/v1/models": self._models, "/models": self._models}
        if self.shape == "llama":
            gets["/props"] = lambda: props(self)
        return posts, gets

    def answers_tokens(self, request):
        """Whether the request is one that a model has to be asked for."""
        return request.method == "POST" and request.path in self._posts

    def answer(self, request):
        """The right answer to a request, or the right refusal."""
        try:
            if not self._has_key(request):
                raise RequestError(401, "Invalid API Key", "authentication_error", "invalid_api_key")
            if request.method in ("GET", "HEAD") and request.path in self._gets:
                return Answer(payload=self._gets[request.path]())
            if request.method == "POST" and request.path == "/tokenize" and self.shape in ("vllm", "llama"):
                return Answer(payload=self._tokenized(self._object(request)))
            if not self.answers_tokens(request):
                raise RequestError(404, "File Not Found" if self.shape == "llama" else "Not Found", "not_found_error")
            payload, usage, num_prompts = self._posts[request.path](self._object(request))
            return Answer(payload=payload, usage=usage, num_prompts=num_prompts)
        except RequestError as problem:
            return self.refusal(problem)

    def refusal(self, problem):
        """The shape's error body."""
        if self.shape == "llama":
            error = {"code": problem.status, "message": problem.message, "type": problem.kind}
        else:
            code = problem.status if self.shape == "vllm" else problem.code
            error = {"message": problem.message, "type": problem.kind, "param": None, "code": code}
        return Answer(status=problem.status, payload={"error": error}, is_right=False)

    def check_context(self, num_prompt, num_completion):
        if num_prompt + num_completion > self.context:
            raise RequestError(400, f"This model's maximum context length is {self.context} tokens. However, you requested "
                               f"{num_prompt + num_completion} tokens ({num_prompt} in the messages, {num_completion} in "
                               "the completion). Please reduce the length of the messages or completion.",
                               "BadRequestError" if self.shape == "vllm" else "invalid_request_error",
                               "context_length_exceeded")

    def _has_key(self, request):
        is_public = request.path in ("/health", "/v1/models", "/models") and self.shape in ("llama", "vllm")
        if not self._key or (is_public and request.path != "/v1/models") or (is_public and self.shape == "llama"):
            return True
        return request.headers.get("authorization") == f"Bearer {self._key}"

    def _object(self, request):
        body = request.json
        if not isinstance(body, dict):
            status = 500 if self.shape == "llama" else 400
            raise RequestError(status, "expected a JSON object as the body", "server_error" if status == 500 else
                               "BadRequestError")
        return body

    def _models(self):
        if self.shape == "llama":
            meta = {"vocab_type": 2, "n_vocab": self.tokenizer.size, "n_ctx_train": self.context, "n_embd": 48,
                    "n_params": 1632576, "size": 6530304}
            entry = {"id": f"{self.name}.gguf", "object": "model", "created": CREATED, "owned_by": "llamacpp", "meta": meta}
        else:
            entry = {"id": self.name, "object": "model", "created": CREATED, "owned_by": self.shape}
            if self.shape == "vllm":
                entry.update(root=self.name, parent=None, max_model_len=self.context)
        return {"object": "list", "data": [entry]}

    def _tokenized(self, body):
        if self.shape == "llama":
            content = body.get("content", "")
            return {"tokens": self.tokenizer.encode(content) if isinstance(content, str) else []}
        if not isinstance(body.get("prompt"), str):
            raise RequestError(400, "expected a text: prompt", "BadRequestError")
        ids = self.tokenizer.encode(body["prompt"])
        return {"count": len(ids), "max_model_len": self.context, "tokens": ids, "token_strs": None}
