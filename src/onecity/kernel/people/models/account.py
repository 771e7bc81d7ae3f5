"""The account: one person or one system that signs in, with how surely we know who it is."""

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.core.validators import MaxValueValidator, RegexValidator
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from onecity.kernel.core.clock import now
from onecity.kernel.core.ids import new_id
from onecity.kernel.people.models.organisation import Organisation

USERNAME = RegexValidator(
    r"^(?=.*[^\W\d_])[\w.\-]{3,64}\Z",
    _("Use 3 to 64 letters, digits, dots, hyphens or underscores, with at least one letter and no spaces."),
)
PHONE = RegexValidator(r"^\+[1-9]\d{6,14}\Z", _("Write the phone number with its country code, like +8613800000000."))


class AssuranceLevel(models.IntegerChoices):
    """How surely the person behind an account is known (实名认证等级).

    A level is reached by the act named beside it and never by typing it in; services say which level they ask for.
    """

    NONE = 0, _("Nothing checked")
    CONTACT = 1, _("Phone number or e-mail address confirmed")
    IDENTITY_ONLINE = 2, _("Identity checked online")
    IDENTITY_IN_PERSON = 3, _("Identity checked in person or with an electronic identity card")


class AccountManager(BaseUserManager["Account"]):
    """Creates accounts with their names in one spelling, so that a name is taken only once."""

    def create_user(self, username: str, password: str | None = None, **fields: Any) -> "Account":
        """A new account; `None` as password means that no password signs in."""
        fields["email"] = self.normalize_email(fields.get("email") or "").lower()
        account = self.model(username=self.model.normalize_username(username).lower(), **fields)
        account.set_password(password)
        account.save(using=self._db)
        return account

    def create_superuser(self, username: str, password: str | None = None, **fields: Any) -> "Account":
        """A new account whose rights reach every division (not the separated duties, see access.permissions)."""
        return self.create_user(username, password, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> "Account":
        """The account of this name, whatever its case; raises DoesNotExist."""
        return self.get(username=self.model.normalize_username(username or "").lower())


class Account(AbstractBaseUser):
    """Whoever signs in: a resident, a member of staff, or another system."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    username = models.CharField(_("User name"), max_length=64, validators=[USERNAME])
    email = models.EmailField(_("E-mail address"), blank=True)
    phone = models.CharField(_("Phone number"), max_length=16, blank=True, validators=[PHONE])
    phone_verified_at = models.DateTimeField(null=True, blank=True)
    display_name = models.CharField(_("Name shown to others"), max_length=120)
    organisation = models.ForeignKey(
        Organisation, null=True, blank=True, on_delete=models.PROTECT, related_name="accounts"
    )
    language = models.CharField(_("Language"), max_length=10, default="zh-hans")
    assurance_level = models.PositiveSmallIntegerField(
        choices=AssuranceLevel.choices, default=AssuranceLevel.NONE, validators=[MaxValueValidator(3)]
    )
    assured_at = models.DateTimeField(null=True, blank=True)
    is_active = models.BooleanField(default=True)
    is_superuser = models.BooleanField(default=False)
    is_demo = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=now, editable=False)

    objects: ClassVar[AccountManager] = AccountManager()

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["display_name"]

    class Meta:
        verbose_name = _("Account")
        verbose_name_plural = _("Accounts")
        constraints = [
            models.UniqueConstraint(
                Lower("username"),
                name="account_username_once",
                violation_error_code="username",  # the field beside which a form shows it
                violation_error_message=_("This user name is taken."),
            ),
            models.UniqueConstraint(
                Lower("email"),
                name="account_email_once",
                condition=~models.Q(email=""),
                violation_error_code="email",
                violation_error_message=_("This e-mail address belongs to another account."),
            ),
            models.UniqueConstraint(
                "phone",
                name="account_phone_once",
                condition=~models.Q(phone=""),
                violation_error_code="phone",
                violation_error_message=_("This phone number belongs to another account."),
            ),
            models.CheckConstraint(condition=models.Q(assurance_level__lte=3), name="account_assurance_known"),
        ]

    def __str__(self) -> str:
        return self.display_name or self.username

    def get_full_name(self) -> str:
        """The name shown to others; the sign-in library asks for it under this name."""
        return self.display_name
